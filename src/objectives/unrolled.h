// Differentiable optimiser steps, for unrolled GANs. Metz et al. 2017 (arXiv:1611.02163).
#pragma once

#include <cstdint>
#include <functional>
#include <torch/types.h>
#include <vector>

namespace belamy::objectives {

using torch::Tensor;

/// Adam, or SGD with momentum `beta1`, as the trainer applies them.
struct UnrolledRule {
  bool adam = true;
  double lr = 1e-4;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
};

/// The state of the optimiser: one tensor for each parameter (empty: zeros), and the number of updates
/// so far.
struct UnrolledState {
  std::vector<Tensor> first, second;
  std::int64_t updates = 0;
};

/// The parameters after `steps` descents of `loss`, as functions of all that the loss depends on: gradients
/// flow through every step. The parameters themselves do not change. Adam needs a state: without moments its
/// first update is lr * sign(gradient), whose derivative is zero.
std::vector<Tensor> unroll(const std::vector<Tensor>& parameters,
                           const std::function<Tensor(const std::vector<Tensor>&)>& loss, std::int64_t steps,
                           const UnrolledRule& rule, const UnrolledState& state = {});

}  // namespace belamy::objectives
