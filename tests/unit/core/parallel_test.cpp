// Loops that are divided among threads.
#include "core/parallel.h"

#include <gmock/gmock.h>
#include <mutex>
#include <omp.h>
#include <set>
#include <thread>
#include <vector>

namespace belamy {
namespace {

TEST(ParallelFor, EveryPlaceOnceInPiecesOfTheGrain) {
  for (const std::int64_t n : {0, 1, 7, 64, 65, 1000}) {
    for (const std::int64_t grain : {1, 10, 64, 5000}) {
      std::vector<int> seen(static_cast<std::size_t>(n) + 3);
      std::mutex lock;
      std::int64_t short_pieces = 0;
      parallel_for(3, 3 + n, grain, [&](std::int64_t first, std::int64_t last) {
        const std::lock_guard<std::mutex> guard(lock);
        short_pieces += last - first < grain;
        for (auto i = first; i < last; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i >= 3) << n << " " << grain;
      EXPECT_LE(short_pieces, 1) << n << " " << grain;
    }
  }
}

TEST(ParallelFor, IsSharedOutBetweenThreads) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "this machine has one core";
  const int before = omp_get_max_threads();
  omp_set_num_threads(2);  // tests have one thread each
  std::set<std::thread::id> threads;
  std::mutex lock;
  parallel_for(0, 2, 1, [&](std::int64_t, std::int64_t) {
    const std::lock_guard<std::mutex> guard(lock);
    threads.insert(std::this_thread::get_id());
  });
  omp_set_num_threads(before);
  EXPECT_EQ(threads.size(), 2u);
}

TEST(ParallelFor, WithinAnotherInItsOwnThread) {
  parallel_for(0, 4, 1, [&](std::int64_t first, std::int64_t last) {
    const auto outer = std::this_thread::get_id();
    for (auto i = first; i < last; ++i) {
      parallel_for(0, 8, 1,
                   [&](std::int64_t, std::int64_t) { EXPECT_EQ(std::this_thread::get_id(), outer); });
    }
  });
}

}  // namespace
}  // namespace belamy
