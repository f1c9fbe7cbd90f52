#include "core/memory.h"

#include <fstream>
#include <gtest/gtest.h>

namespace belamy {
namespace {

namespace fs = std::filesystem;

class Memory : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(root_); }
  void TearDown() override { fs::remove_all(root_); }

  void put(const fs::path& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  const fs::path root_ = fs::path(testing::TempDir()) / "memory_test";
};

TEST_F(Memory, IsWhatTheKernelCallsAvailable) {
  put("proc/meminfo",
      "MemTotal:        8000 kB\nHugePages_Total:       0\nMemAvailable:    5000 kB\nCached: 1 kB\n");
  EXPECT_EQ(available_memory(root_), 5000 * 1024u);
}

TEST_F(Memory, IsNoMoreThanTheLimitOfAContainer) {
  put("proc/meminfo", "MemAvailable:    5000 kB\n");
  put("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(available_memory(root_), 5000 * 1024u);
  put("sys/fs/cgroup/memory.max", "3000000\n");
  EXPECT_EQ(available_memory(root_), 3000000u);
}

TEST_F(Memory, IsThatOfTheMachineWithoutTheseFiles) {
  EXPECT_GT(available_memory(root_), std::uint64_t{1} << 26);
  EXPECT_GT(available_memory(), 0u);
}

}  // namespace
}  // namespace belamy
