#include "nn/likelihood_kernel.h"

#include <algorithm>

#include "core/clones.h"
#include "nn/vector_math.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kTerms = 64;  // summed in single precision, then added in double

BELAMY_INLINE Floats load(const float* from, std::int64_t n) {
  Floats x = {};
  std::memcpy(&x, from, static_cast<std::size_t>(n) * sizeof(float));
  return x;
}

// x t - log(1 + exp(t)), without exp of a positive number.
BELAMY_INLINE Floats term(const Floats& x, const Floats& t) {
  const Floats away = t > 0 ? -t : t;
  return x * t - (t > 0 ? t : Floats{}) - logarithm(1.0f + exponential(away));
}

}  // namespace

BELAMY_CLONES void bernoulli_sums(const float* x, const float* t, std::int64_t columns, float* sums,
                                  std::int64_t first, std::int64_t last) {
  for (auto row = first; row < last; ++row) {
    const auto *x_row = x + row * columns, *t_row = t + row * columns;
    double sum = 0;
    for (std::int64_t begin = 0; begin < columns; begin += kTerms * kLanes) {
      const auto end = std::min(begin + kTerms * kLanes, columns);
      Floats part = {};
      auto i = begin;
      for (; i + kLanes <= end; i += kLanes) part += term(load(x_row + i, kLanes), load(t_row + i, kLanes));
      const Floats rest = i < end ? term(load(x_row + i, end - i), load(t_row + i, end - i)) : Floats{};
      for (int l = 0; l < kLanes; ++l)
        sum += static_cast<double>(part[l]) + (i + l < end ? static_cast<double>(rest[l]) : 0.0);
    }
    sums[row] = static_cast<float>(sum);
  }
}

BELAMY_CLONES void bernoulli_gradient(const float* x, const float* t, const float* weights,
                                      std::int64_t columns, float* out, std::int64_t first,
                                      std::int64_t last) {
  for (auto row = first; row < last; ++row) {
    const auto at = row * columns;
    const float weight = weights[row];
    for (std::int64_t i = 0; i < columns; i += kLanes) {
      const auto n = std::min<std::int64_t>(kLanes, columns - i);
      const Floats g = (load(x + at + i, n) - sigmoid(load(t + at + i, n))) * weight;
      std::memcpy(out + at + i, &g, static_cast<std::size_t>(n) * sizeof(float));
    }
  }
}

}  // namespace belamy::nn
