// A thread that does one piece of work after another: opened runs belong to the thread that opened them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>

#include "belamy/error.h"

namespace belamy::studio {

class Worker {
 public:
  Worker() : thread_([this] { work(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Worker(const Worker&) = delete;

  /// What `f` returns or throws. A usage error if too much work waits, or it takes longer than half a minute.
  template <class F>
  auto run(F f) -> std::invoke_result_t<F> {
    using Result = std::invoke_result_t<F>;
    auto task = std::make_shared<std::packaged_task<Result()>>(std::move(f));
    auto result = task->get_future();
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= kMost) throw usage_error("the studio has too much to do", "wait a moment");
      waiting_.emplace_back([task] { (*task)(); });
    }
    changed_.notify_one();
    if (result.wait_for(std::chrono::seconds(30)) != std::future_status::ready)
      throw usage_error("this takes longer than half a minute", "ask for less, or use the command line");
    return result.get();
  }

 private:
  static constexpr std::size_t kMost = 16;

  void work() {
    while (true) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ends_ || !waiting_.empty(); });
        if (ends_) return;
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
      next();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool ends_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace belamy::studio
