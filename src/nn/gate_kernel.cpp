#include "nn/gate_kernel.h"

#include <algorithm>
#include <cstring>

#include "core/clones.h"
#include "nn/vector_math.h"

namespace belamy::nn {
namespace {

BELAMY_INLINE Floats load_some(const float* from, std::int64_t n) {
  Floats x = {};
  std::memcpy(&x, from, static_cast<std::size_t>(n) * sizeof(float));
  return x;
}

BELAMY_INLINE Floats sum_of(const GateLine& line, std::int64_t at, std::int64_t n) {
  const Floats x = load_some(line.values + at, n);
  return line.more ? x + load_some(line.more + at, n) : x;
}

BELAMY_INLINE Floats tangent(const Floats& x) {
  return 2.0f * sigmoid(2.0f * x) - 1.0f;
}

}  // namespace

BELAMY_CLONES void gate_line(const GateLine& line, std::int64_t rows, std::int64_t c, float* out) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < c; i += kLanes) {
      const auto n = std::min<std::int64_t>(kLanes, c - i);
      const auto at = row * 2 * c + i;
      const Floats y = tangent(sum_of(line, at, n)) * sigmoid(sum_of(line, at + c, n));
      std::memcpy(out + row * c + i, &y, static_cast<std::size_t>(n) * sizeof(float));
    }
  }
}

BELAMY_CLONES void gate_line_gradient(const GateLine& line, const float* gradient, std::int64_t rows,
                                      std::int64_t c, float* by_values) {
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < c; i += kLanes) {
      const auto n = std::min<std::int64_t>(kLanes, c - i);
      const auto at = row * 2 * c + i;
      const Floats t = tangent(sum_of(line, at, n)), s = sigmoid(sum_of(line, at + c, n));
      const Floats g = load_some(gradient + row * c + i, n);
      const Floats by_a = g * s * (1.0f - t * t), by_b = g * t * s * (1.0f - s);
      std::memcpy(by_values + at, &by_a, static_cast<std::size_t>(n) * sizeof(float));
      std::memcpy(by_values + at + c, &by_b, static_cast<std::size_t>(n) * sizeof(float));
    }
  }
}

}  // namespace belamy::nn
