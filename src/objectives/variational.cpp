#include "objectives/variational.h"

#include <cmath>
#include <numbers>
#include <torch/types.h>

namespace belamy::objectives {

Tensor kl_of_dimensions(const Tensor& mean, const Tensor& log_variance) {
  return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1);
}

Tensor free_bits(const Tensor& kl, double least) {
  return kl.mean(0).clamp_min(least).sum();
}

Tensor gaussian_log_likelihood(const Tensor& x, const Tensor& mean, const Tensor& log_variance) {
  const auto each = (x - mean).square() * (-log_variance).exp() + log_variance;
  return -0.5 * (each + std::log(2 * std::numbers::pi)).flatten(1).sum(1);
}

Tensor importance_bound(const Tensor& log_weights) {
  return log_weights.logsumexp(0) - std::log(static_cast<double>(log_weights.size(0)));
}

Tensor unlabelled_bound(const Tensor& class_bounds, const Tensor& logits) {
  const auto log_q = at::log_softmax(logits, 1);
  return (log_q.exp() * (class_bounds - log_q)).sum(1);
}

}  // namespace belamy::objectives
