#include "core/parallel.h"

#include <algorithm>
#ifdef _OPENMP
#include <omp.h>
#endif

namespace belamy {

bool threads_are_shared() {
#ifdef _OPENMP
  return true;
#else
  return false;
#endif
}

namespace detail {

void share_out(std::int64_t begin, std::int64_t end, std::int64_t grain, Piece piece, const void* use) {
  if (begin >= end) return;
#ifdef _OPENMP
  const auto pieces = (end - begin) / std::max<std::int64_t>(1, grain);
  if (pieces > 1 && omp_get_max_threads() > 1 && !omp_in_parallel()) {
#pragma omp parallel
    {
      const auto threads = std::min<std::int64_t>(omp_get_num_threads(), pieces);
      const auto size = (end - begin + threads - 1) / threads, first = begin + omp_get_thread_num() * size;
      if (first < end) piece(use, first, std::min(first + size, end));
    }
    return;
  }
#endif
  piece(use, begin, end);
}

}  // namespace detail
}  // namespace belamy
