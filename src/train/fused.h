// Optimisers as one pass over flat memory: parameters, gradient, moments and weight average are each touched
// once. No torch here, so that the file is compiled for several instruction sets.
#pragma once

#include <cstdint>

namespace belamy {

/// One range of n floats. `average` is null where no average is kept; `first` and `second` may be null where
/// the rule does not use them.
struct FlatRange {
  float* value;
  const float* gradient;
  float* first;
  float* second;
  float* average;
  std::int64_t n;
};

struct AdamRule {
  float lr, beta1, beta2, epsilon, decay;  ///< decay: lr * weight_decay
  float correction1, correction2;          ///< 1 / (1 - beta1^t), 1 / (1 - beta2^t)
};
struct SgdRule {
  float lr, momentum, decay;
};
struct RmspropRule {
  float lr, alpha, epsilon, decay;
};

/// `scale` multiplies the gradient (clipping); `keep` is the average's decay for this step.
void fused_adam(const FlatRange& range, const AdamRule& rule, float scale, float keep);
void fused_sgd(const FlatRange& range, const SgdRule& rule, float scale, float keep);
void fused_rmsprop(const FlatRange& range, const RmspropRule& rule, float scale, float keep);

/// Of n floats; each block of them is summed in single precision, the blocks in double.
double sum_of_squares(const float* values, std::int64_t n);

}  // namespace belamy
