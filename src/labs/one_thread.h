// Labs with small networks run on one thread.
#pragma once

#include <ATen/Parallel.h>

namespace belamy::labs {

/// One thread while it exists: the fastest for small networks. Restores the number of threads at the end.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

}  // namespace belamy::labs
