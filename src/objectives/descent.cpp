#include "objectives/descent.h"

#include <cmath>
#include <numbers>
#include <torch/autograd.h>
#include <torch/optim/adam.h>

namespace belamy::objectives {

Tensor descend(const Tensor& start, std::int64_t steps, double rate,
               const std::function<Tensor(const Tensor&)>& loss,
               const std::function<void(double, double)>& progress) {
  const torch::AutoGradMode with_gradients(true);
  auto found = start.detach().clone().requires_grad_();
  torch::optim::Adam optimizer({found}, torch::optim::AdamOptions(rate));
  auto best = found.detach().clone();
  auto least = torch::full({start.size(0)}, INFINITY, start.options());
  for (std::int64_t i = 0; i < steps; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(steps);
    static_cast<torch::optim::AdamOptions&>(optimizer.param_groups()[0].options())
        .lr(rate * 0.5 * (1 + std::cos(std::numbers::pi * share)));
    const auto each = loss(found);
    {
      const torch::NoGradGuard no_grad;
      const auto better = each < least;
      best = at::where(better.unsqueeze(1), found.detach(), best);
      least = at::where(better, each, least);
    }
    found.mutable_grad() = torch::autograd::grad({each.sum()}, {found})[0];
    optimizer.step();
    if (progress) progress(share, least.mean().item<double>());
  }
  return best;
}

}  // namespace belamy::objectives
