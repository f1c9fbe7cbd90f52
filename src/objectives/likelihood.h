// Reconstruction likelihoods and the terms of the evidence lower bound. Pure functions; nats, summed over a
// datum.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

namespace belamy::objectives {

using torch::Tensor;

/// log N(x; mean, sd^2), summed over all but the first dimension: [N].
Tensor gaussian_log_likelihood(const Tensor& x, const Tensor& mean, double sd);

/// log Bernoulli(x; sigmoid(logits)) for x in [0, 1] (grey values count as probabilities), summed: [N].
Tensor bernoulli_log_likelihood(const Tensor& x, const Tensor& logits);

/// KL(N(mean, exp(log_variance)) || N(0, 1)), summed over the code: [N]. Kingma & Welling 2014, appendix B.
Tensor kl_to_standard_normal(const Tensor& mean, const Tensor& log_variance);

/// mean + exp(log_variance / 2) * noise: the reparametrisation of Kingma & Welling 2014, section 2.4.
Tensor reparametrise(const Tensor& mean, const Tensor& log_variance, const Tensor& noise);

/// The log-density of the standard normal distribution, and of the standard logistic one e^-x / (1 + e^-x)^2,
/// summed over all but the first dimension: [N].
Tensor normal_log_density(const Tensor& x);
Tensor logistic_log_density(const Tensor& x);
/// That of Student's t distribution with `degrees` of freedom, whose tails are heavier the fewer there are.
Tensor student_log_density(const Tensor& x, double degrees);

/// log N(z; mean, exp(log_variance)) of the draw z = mean + exp(log_variance / 2) * noise, summed: [N].
Tensor normal_log_density(const Tensor& noise, const Tensor& log_variance);

}  // namespace belamy::objectives
