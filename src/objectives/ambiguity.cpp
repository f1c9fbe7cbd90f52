#include "objectives/ambiguity.h"

#include <torch/types.h>

namespace belamy::objectives {

Tensor ambiguity(const Tensor& logits) {
  return -logits.log_softmax(1).mean(1).mean();
}

Tensor binary_ambiguity(const Tensor& logits) {
  const double share = 1 / static_cast<double>(logits.size(1));
  const auto log_p = logits.log_softmax(1);
  const auto log_rest = (-log_p.expm1()).clamp_min(1e-6).log();  // log(1 - p)
  return -(share * log_p + (1 - share) * log_rest).sum(1).mean();
}

}  // namespace belamy::objectives
