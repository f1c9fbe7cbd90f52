#include "nn/boltzmann.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "nn/products.h"

namespace belamy::nn {
BoltzmannMachine::BoltzmannMachine(std::int64_t visible, std::int64_t hidden, double deviation,
                                   at::Generator generator)
    : deviation_(deviation) {
  const torch::NoGradGuard no_grad;
  weight =
      register_parameter("weight", torch::randn({visible, hidden}, generator, generator.device()) * 0.01);
  visible_bias = register_parameter("visible_bias", torch::zeros({visible}));
  hidden_bias = register_parameter("hidden_bias", torch::zeros({hidden}));
}

Tensor BoltzmannMachine::hidden_field(const Tensor& v) const {
  const auto field = product(v, weight.detach());
  return gaussian() ? field.div_(deviation_ * deviation_) : field;
}

Tensor BoltzmannMachine::visible_field(const Tensor& h) const {
  return product(h, weight.detach(), false, true);
}

Tensor BoltzmannMachine::hidden_means(const Tensor& v) const {
  const auto field = product(v, weight);
  return unit_means(gaussian() ? field / (deviation_ * deviation_) : field, hidden_bias);
}

UnitDraw BoltzmannMachine::draw_hidden(const Tensor& v, at::Generator generator) const {
  return draw_units(hidden_field(v), hidden_bias.detach(), generator);
}

UnitDraw BoltzmannMachine::draw_visible(const Tensor& h, at::Generator generator, bool mean) const {
  if (!gaussian()) return draw_units(visible_field(h), visible_bias.detach(), generator, mean);
  const auto center = visible_field(h).add_(visible_bias.detach());
  return {center, center + deviation_ * torch::randn(center.sizes(), generator, center.options())};
}

Tensor BoltzmannMachine::visible_means(const Tensor& h) const {
  return gaussian() ? visible_field(h).add_(visible_bias.detach())
                    : unit_means(visible_field(h), visible_bias.detach());
}

Tensor BoltzmannMachine::free_energy(const Tensor& v) const {
  const auto hidden = at::softplus(hidden_field(v) + hidden_bias.detach()).sum(1);
  if (gaussian()) {
    return (v - visible_bias.detach()).square().sum(1) / (2 * deviation_ * deviation_) - hidden;
  }
  return -v.mv(visible_bias.detach()) - hidden;
}

}  // namespace belamy::nn
