// Several processes of a training as threads of one test.
#pragma once

#include <c10/util/intrusive_ptr.h>
#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <vector>

#include "processes/gloo_group.h"

namespace belamy {

/// Runs `work` in `size` threads, each with its own member of one group. What one throws is told to the others, as
/// processes do. Throws what the first of them, by rank, has thrown.
inline void in_several(int size, const std::function<void(Group&)>& work) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  std::vector<std::exception_ptr> thrown(static_cast<std::size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        const auto group =
            gloo_group(store, {.rank = rank, .size = size, .timeout = std::chrono::seconds(60)});
        telling_failure(*group, [&] { work(*group); });
      } catch (...) {
        thrown[static_cast<std::size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& each : thrown) {
    if (each) std::rethrow_exception(each);
  }
}

}  // namespace belamy
