// Optimisers as one pass over flat memory: parameters, gradient, moments and weight average are each touched
// once. Does not use torch, so that it can be compiled for several instruction sets.
#pragma once

#include <cstdint>

namespace belamy {

/// One range of n floats. `average` is null if no average is kept; `first` and `second` may be null if the
/// rule does not use them.
struct FlatRange {
  float* value;
  const float* gradient;
  float* first;
  float* second;
  float* average;
  std::int64_t n;
};

// Rules are in double: with beta = 0.999 in single precision, 1 - beta would have a relative error of 5e-5.
struct AdamRule {
  double lr, beta1, beta2, epsilon, decay;  ///< decay: lr * weight_decay
  double correction1, correction2;          ///< 1 / (1 - beta1^t), 1 / (1 - beta2^t)
};
struct SgdRule {
  double lr, momentum, decay;
};
struct RmspropRule {
  double lr, alpha, epsilon, decay;
};

/// `scale` multiplies the gradient (clipping); `keep` is the average's decay for this step.
void fused_adam(const FlatRange& range, const AdamRule& rule, double scale, double keep);
void fused_sgd(const FlatRange& range, const SgdRule& rule, double scale, double keep);
void fused_rmsprop(const FlatRange& range, const RmspropRule& rule, double scale, double keep);

/// The sum of squares of n floats: inside blocks in single precision, over the blocks in double.
double sum_of_squares(const float* values, std::int64_t n);

}  // namespace belamy
