// The layer between two networks that train the same features for opposite goals.
#pragma once

#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// The identity, with -strength times the gradient of its result as gradient: the gradient-reversal layer of
/// Ganin et al. 2016 (arXiv:1505.07818), section 4.2. Any shape.
Tensor reverse_gradient(const Tensor& x, double strength);

/// The strength at `progress`, the share of the training that is done, 0 to 1: 2 / (1 + exp(-gamma progress))
/// - 1, from 0 towards 1 (ibid., section 5.2.2, with gamma 10).
double reversal_strength(double progress, double gamma);

}  // namespace belamy::nn
