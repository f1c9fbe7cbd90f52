// Random orders as numpy draws them, for figures that depend on them and are compared with those of other programs.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace belamy {

/// numpy.random.RandomState(seed): the same orders in the same sequence. `choice(n, k, replace=False)` there is the first k
/// of an order of n.
class NumpyPermutation {
 public:
  explicit NumpyPermutation(std::uint32_t seed) : twister_(seed) {}
  std::vector<std::int64_t> operator()(std::int64_t count);

 private:
  std::mt19937 twister_;
};

}  // namespace belamy
