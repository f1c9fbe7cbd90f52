// Batch and instance norm with the rectifier after them, in as few passes over memory as possible. On the CPU
// LibTorch 1.13 sums a channel value by value in double precision.
#pragma once

#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

enum class Standardised { over_batch, over_example };

/// (x - mean) / deviation * weight + bias for x [N, C, ...], weight [C], bias [C]. Mean and standard
/// deviation are those of each channel over the whole batch, or of each channel of each example. Results that
/// are not positive are multiplied by `slope` (1: unchanged, 0: relu).
struct Standardisation {
  Tensor y;
  Tensor mean, variance;  ///< [C] or [N * C]; the variance is that of the values themselves (biased)
};
Standardisation standardise(const Tensor& x, const Tensor& weight, const Tensor& bias, Standardised over,
                            double epsilon, double slope);

/// Whether standardise supports these: single precision on the CPU, with fast paths on.
bool can_standardise(const Tensor& x, const Tensor& weight);

}  // namespace belamy::nn
