// Numbers in double precision for tests of pure functions, and gradients against finite differences.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <torch/autograd.h>
#include <torch/types.h>

namespace belamy {

using torch::Tensor;

const auto kDouble = torch::TensorOptions(torch::kDouble);

inline at::Generator seeded(std::uint64_t seed) {
  return at::detail::createCPUGenerator(seed);
}
inline double value(const Tensor& scalar) {
  return scalar.item<double>();
}
inline Tensor normal(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, seeded(seed), kDouble);
}

/// The greatest absolute difference of two values.
inline double difference(const Tensor& a, const Tensor& b) {
  return value((a - b).abs().max());
}

/// The greatest difference between autograd's gradient of the sum of f and central differences.
inline double gradient_error(const std::function<Tensor(const Tensor&)>& f, const Tensor& at) {
  const auto x = at.clone().requires_grad_();
  const auto gradient = torch::autograd::grad({f(x).sum()}, {x})[0].flatten();
  constexpr double h = 1e-5;  // the difference is then good to about h^2
  double worst = 0;
  for (std::int64_t i = 0; i < at.numel(); ++i) {
    const auto shifted = [&](double by) {
      auto moved = at.clone();
      moved.view({-1})[i] += by;
      return value(f(moved).sum());
    };
    worst = std::max(worst, std::abs((shifted(h) - shifted(-h)) / (2 * h) - value(gradient[i])));
  }
  return worst;
}

}  // namespace belamy
