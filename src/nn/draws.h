// Tensors of random numbers from the caller's generator. On the CPU a fused kernel draws them; LibTorch 1.13
// draws one number at a time.
#pragma once

#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// A new generator for `like`'s device, which stays as it is.
at::Generator seeded_like(const at::Generator& like, std::uint64_t seed);

/// Sigmoid(logits + bias) and a Bernoulli draw from it, in one pass on the CPU. `mean` may be left out.
struct UnitDraw {
  Tensor mean, sample;
};
/// logits [N, M], bias [M].
UnitDraw draw_units(const Tensor& logits, const Tensor& bias, at::Generator generator, bool mean = true);
/// Bernoulli draws from means of any shape [N, ...].
Tensor draw_from(const Tensor& means, at::Generator generator);
/// Sigmoid(logits + bias) alone.
Tensor unit_means(const Tensor& logits, const Tensor& bias);

/// Draws from N(0, deviation^2), of x's shape.
Tensor normal_like(const Tensor& x, double deviation, at::Generator generator);
/// The factors of inverted dropout, in x's shape: 1 / keep with probability `keep`, else 0.
Tensor dropout_like(const Tensor& x, double keep, at::Generator generator);

}  // namespace belamy::nn
