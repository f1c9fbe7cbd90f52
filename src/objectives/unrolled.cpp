#include "objectives/unrolled.h"

#include <cmath>
#include <torch/torch.h>

namespace belamy::objectives {
namespace {

// beta * moment + share * gradient, where no moment is a moment of zero.
Tensor decayed(const Tensor& moment, double beta, const Tensor& gradient, double share) {
  return moment.defined() ? beta * moment + share * gradient : share * gradient;
}

}  // namespace

std::vector<Tensor> unroll(std::vector<Tensor> parameters,
                           const std::function<Tensor(const std::vector<Tensor>&)>& loss, std::int64_t steps,
                           const UnrolledRule& rule, UnrolledState state) {
  state.first.resize(parameters.size());
  state.second.resize(parameters.size());
  for (std::int64_t k = 0; k < steps; ++k) {
    const auto gradients =
        torch::autograd::grad({loss(parameters)}, parameters, {}, true, /*create_graph=*/true, true);
    const auto t = static_cast<double>(++state.updates);
    const double size =
        rule.lr * (rule.adam ? std::sqrt(1 - std::pow(rule.beta2, t)) / (1 - std::pow(rule.beta1, t)) : 1);
    const double epsilon = rule.epsilon * std::sqrt(1 - std::pow(rule.beta2, t));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (!gradients[i].defined()) continue;
      auto &first = state.first[i], &second = state.second[i];
      first = decayed(first, rule.beta1, gradients[i], rule.adam ? 1 - rule.beta1 : 1);
      if (rule.adam) {
        second = decayed(second, rule.beta2, gradients[i].square(), 1 - rule.beta2);
        // A gradient of exactly zero: the root has no slope there, and the quotient is zero anyway.
        parameters[i] = parameters[i] - size * first / ((second + 1e-30).sqrt() + epsilon);
      } else {
        parameters[i] = parameters[i] - size * first;
      }
    }
  }
  return parameters;
}

}  // namespace belamy::objectives
