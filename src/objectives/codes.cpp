#include "objectives/codes.h"

#include <cmath>
#include <torch/autograd.h>
#include <torch/types.h>

namespace belamy::objectives {

Tensor l1_sparsity(const Tensor& codes) {
  return codes.abs().sum(1).mean();
}

Tensor l2_sparsity(const Tensor& codes) {
  return codes.square().sum(1).mean();
}

Tensor kl_sparsity(const Tensor& codes, double target) {
  // Clamped, since a unit with a mean of 0 or 1 would cost infinity.
  const auto mean = codes.mean(0).clamp(1e-6, 1 - 1e-6);
  const double entropy = target * std::log(target) + (1 - target) * std::log1p(-target);
  return (entropy - target * mean.log() - (1 - target) * (-mean).log1p()).sum();
}

Tensor keep_largest(const Tensor& codes, std::int64_t count) {
  const auto places = std::get<1>(codes.detach().topk(count, 1, true, false));
  return codes * torch::zeros_like(codes).scatter_(1, places, 1);
}

Tensor sigmoid_contraction(const Tensor& codes, const Tensor& weight) {
  const auto slope = codes * (1 - codes);
  return at::mv(slope.square(), weight.square().sum(1)).mean();
}

Tensor estimated_contraction(const Tensor& codes, const Tensor& input, const Tensor& draws) {
  const auto product = torch::autograd::grad({codes}, {input}, {draws}, true, /*create_graph=*/true)[0];
  return product.square().flatten(1).sum(1).mean();
}

}  // namespace belamy::objectives
