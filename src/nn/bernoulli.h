// The log-likelihood of a Bernoulli variable, the reconstruction term of most autoencoders, in one pass over
// memory where LibTorch takes six.
#pragma once

#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// Sum over a datum of x t - log(1 + exp(t)): [N, ...], [N, ...] -> [N].
Tensor bernoulli_log_likelihood(const Tensor& x, const Tensor& logits);

/// Whether bernoulli_log_likelihood supports these: single precision on the CPU, with fast paths on.
bool can_sum_bernoulli(const Tensor& x, const Tensor& logits);

}  // namespace belamy::nn
