#include "metrics/numpy_permutation.h"

#include <bit>
#include <numeric>
#include <utility>

namespace belamy {

std::vector<std::int64_t> NumpyPermutation::operator()(std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (auto last = order.size(); last-- > 1;) {
    // Draws of as many bits as `last` has, until one is not above it.
    const auto mask = std::bit_ceil(last + 1) - 1;
    auto other = last + 1;
    while (other > last) other = twister_() & mask;
    std::swap(order[last], order[other]);
  }
  return order;
}

}  // namespace belamy
