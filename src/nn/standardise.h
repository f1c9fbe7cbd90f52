// Batch and instance norm with the rectifier behind them, as few passes over memory as they need. LibTorch
// 1.13 adds a channel up value by value in double precision on the CPU.
#pragma once

#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

enum class Standardised { over_batch, over_example };

/// x [N, C, ...] less its mean over its standard deviation, of each channel over the whole batch or of each
/// channel of each example, times weight [C] plus bias [C]; what is not positive then is multiplied by
/// `slope` (1: left as it is, 0: relu).
struct Standardisation {
  Tensor y;
  Tensor mean, variance;  ///< [C] or [N * C]; the variance is that of the values themselves (biased)
};
Standardisation standardise(const Tensor& x, const Tensor& weight, const Tensor& bias, Standardised over,
                            double epsilon, double slope);

/// Whether it can: single precision on the CPU, fast paths on.
bool can_standardise(const Tensor& x, const Tensor& weight);

}  // namespace belamy::nn
