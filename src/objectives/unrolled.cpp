#include "objectives/unrolled.h"

#include <cmath>
#include <torch/autograd.h>
#include <torch/types.h>

#include "nn/substitution.h"

namespace belamy::objectives {
namespace {

Tensor flat_moment(const std::vector<Tensor>& moments, const std::vector<Tensor>& parameters) {
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < parameters.size(); ++i)
    all.push_back(i < moments.size() && moments[i].defined() ? moments[i] : at::zeros_like(parameters[i]));
  return nn::flatten(all);
}

}  // namespace

// All parameters are one tensor, since the cost of a step is its number of operations, and the backward pass
// has twice as many.
std::vector<Tensor> unroll(const std::vector<Tensor>& parameters,
                           const std::function<Tensor(const std::vector<Tensor>&)>& loss, std::int64_t steps,
                           const UnrolledRule& rule, const UnrolledState& state) {
  auto flat = nn::flatten(parameters);
  auto first = flat_moment(state.first, parameters), second = flat_moment(state.second, parameters);
  for (std::int64_t k = 1; k <= steps; ++k) {
    const auto value = loss(nn::cut_like(flat, parameters));
    const auto gradient = torch::autograd::grad({value}, {flat}, {}, true, /*create_graph=*/true)[0];
    if (!rule.adam) {
      first = at::add(gradient, first, rule.beta1);
      flat = at::sub(flat, first, rule.lr);
      continue;
    }
    const auto t = static_cast<double>(state.updates + k);
    const double root = std::sqrt(1 - std::pow(rule.beta2, t));
    first = at::lerp(first, gradient, 1 - rule.beta1);
    // At a gradient of exactly zero the root has no slope, and the quotient is zero anyway.
    second = at::addcmul(rule.beta2 * second + 1e-30, gradient, gradient, 1 - rule.beta2);
    flat = at::addcdiv(flat, first, second.sqrt() + rule.epsilon * root,
                       -rule.lr * root / (1 - std::pow(rule.beta1, t)));
  }
  return nn::cut_like(flat, parameters);
}

}  // namespace belamy::objectives
