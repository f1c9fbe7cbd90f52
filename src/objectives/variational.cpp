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

KlParts kl_parts(const Tensor& z, const Tensor& mean, const Tensor& log_variance) {
  const double constant = std::log(2 * std::numbers::pi), count = std::log(static_cast<double>(z.size(0)));
  // [i, j, d]: draw i under the posterior of datum j.
  const auto each =
      -0.5 * ((z.unsqueeze(1) - mean.unsqueeze(0)).square() * (-log_variance).exp().unsqueeze(0) +
              log_variance.unsqueeze(0) + constant);
  const auto own = each.diagonal(0, 0, 1).sum(0);          // log q(z|x)
  const auto together = each.sum(2).logsumexp(1) - count;  // log q(z)
  const auto apart = (each.logsumexp(1) - count).sum(1);   // log prod_d q(z_d)
  const auto prior = (-0.5 * (z.square() + constant)).sum(1);
  return {own - together, together - apart, apart - prior};
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
