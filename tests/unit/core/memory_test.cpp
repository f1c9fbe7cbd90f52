#include "core/memory.h"

#include <fstream>
#include <gtest/gtest.h>

#include "test_folder.h"

namespace belamy {
namespace {

class Memory : public testing::Test {
 protected:
  void put(const fs::path& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  const TestFolder root_;
};

TEST_F(Memory, IsWhatTheKernelCallsAvailable) {
  put("proc/meminfo",
      "MemTotal:        8000 kB\nHugePages_Total:       0\nMemAvailable:    5000 kB\nCached: 1 kB\n");
  EXPECT_EQ(available_memory(root_.path()), 5000 * 1024u);
}

TEST_F(Memory, IsNoMoreThanTheLimitOfAContainer) {
  put("proc/meminfo", "MemAvailable:    5000 kB\n");
  put("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(available_memory(root_.path()), 5000 * 1024u);
  put("sys/fs/cgroup/memory.max", "3000000\n");
  EXPECT_EQ(available_memory(root_.path()), 3000000u);
}

TEST_F(Memory, IsThatOfTheMachineWithoutTheseFiles) {
  EXPECT_GT(available_memory(root_.path()), std::uint64_t{1} << 26);
  EXPECT_GT(available_memory(), 0u);
}

}  // namespace
}  // namespace belamy
