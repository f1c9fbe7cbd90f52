// Loops shared out between LibTorch's threads. LibTorch's own at::parallel_for does nothing of the kind in
// code that is compiled without OpenMP, which a header alone does not tell; here one small file is compiled
// with it.
#pragma once

#include <cstdint>

namespace belamy {

namespace detail {
using Piece = void (*)(const void* use, std::int64_t first, std::int64_t last);
void share_out(std::int64_t begin, std::int64_t end, std::int64_t grain, Piece piece, const void* use);
}  // namespace detail

/// Calls use(first, last) for pieces that together are [begin, end), each in a thread of its own and none,
/// but for the last, smaller than `grain`. In this thread and at once where there is one thread, work for
/// one, or a loop around that is shared out already. `use` must not throw.
template <class F>
void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain, const F& use) {
  detail::share_out(
      begin, end, grain,
      [](const void* f, std::int64_t first, std::int64_t last) { (*static_cast<const F*>(f))(first, last); },
      &use);
}

}  // namespace belamy
