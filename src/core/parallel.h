// Loops divided among LibTorch's threads. at::parallel_for of LibTorch runs in one thread in code that is
// compiled without OpenMP. Here only parallel.cpp has to be compiled with it.
#pragma once

#include <cstdint>

namespace belamy {

namespace detail {
using Piece = void (*)(const void* use, std::int64_t first, std::int64_t last);
void share_out(std::int64_t begin, std::int64_t end, std::int64_t grain, Piece piece, const void* use);
}  // namespace detail

/// Whether these loops, and libraries that use the system's OpenMP, have the same threads as LibTorch.
bool threads_are_shared();

/// Calls use(first, last) for pieces that together are [begin, end), each in a thread of its own; none except
/// the last is smaller than `grain`. Runs in the calling thread if there is only one thread, too little work,
/// or an enclosing loop that is already divided. `use` must not throw.
template <class F>
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain, const F& use) {
  detail::share_out(
      begin, end, grain,
      [](const void* f, std::int64_t first, std::int64_t last) { (*static_cast<const F*>(f))(first, last); },
      &use);
}

}  // namespace belamy
