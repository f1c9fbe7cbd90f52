#include "objectives/likelihood.h"

#include <cmath>
#include <numbers>
#include <torch/types.h>

#include "nn/bernoulli.h"

namespace belamy::objectives {

Tensor gaussian_log_likelihood(const Tensor& x, const Tensor& mean, double sd) {
  const double constant = std::log(sd) + 0.5 * std::log(2 * std::numbers::pi);
  return ((x - mean).square() * (-0.5 / (sd * sd)) - constant).flatten(1).sum(1);
}

Tensor bernoulli_log_likelihood(const Tensor& x, const Tensor& logits) {
  const auto t =
      logits.to(at::promote_types(logits.scalar_type(), torch::kFloat));  // bfloat16 is too coarse here
  if (nn::can_sum_bernoulli(x, t)) return nn::bernoulli_log_likelihood(x, t);
  return (x * t - at::softplus(t)).flatten(1).sum(1);
}

Tensor kl_to_standard_normal(const Tensor& mean, const Tensor& log_variance) {
  return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).flatten(1).sum(1);
}

Tensor reparametrise(const Tensor& mean, const Tensor& log_variance, const Tensor& noise) {
  return mean + (0.5 * log_variance).exp() * noise;
}

Tensor normal_log_density(const Tensor& x) {
  return -0.5 * (x.square() + std::log(2 * std::numbers::pi)).flatten(1).sum(1);
}

Tensor logistic_log_density(const Tensor& x) {
  return (at::log_sigmoid(x) + at::log_sigmoid(-x)).flatten(1).sum(1);
}

Tensor student_log_density(const Tensor& x, double degrees) {
  const double half = (degrees + 1) / 2;
  const double at_zero =
      std::lgamma(half) - std::lgamma(degrees / 2) - 0.5 * std::log(degrees * std::numbers::pi);
  return (at_zero - half * (x.square() / degrees).log1p()).flatten(1).sum(1);
}

Tensor normal_log_density(const Tensor& noise, const Tensor& log_variance) {
  return -0.5 * (noise.square() + log_variance + std::log(2 * std::numbers::pi)).flatten(1).sum(1);
}

}  // namespace belamy::objectives
