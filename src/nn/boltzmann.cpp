#include "nn/boltzmann.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <mutex>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/bernoulli_kernel.h"
#include "nn/products.h"

namespace belamy::nn {
namespace {

std::uint64_t draw_key(at::Generator& generator) {
  const std::lock_guard<std::mutex> lock(generator.mutex());
  return at::check_generator<at::CPUGeneratorImpl>(generator)->random64();
}

// `bias`, `mean` and `sample` may be undefined.
void run_kernel(const Tensor& logits, const Tensor& bias, const Tensor& mean, const Tensor& sample,
                std::uint64_t key) {
  const auto pointer = [](const Tensor& x) { return x.defined() ? x.data_ptr<float>() : nullptr; };
  const auto columns = logits.size(1);
  const auto grain = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(columns, 1));
  at::parallel_for(0, logits.size(0), grain, [&](std::int64_t first, std::int64_t last) {
    sigmoid_draw(logits.data_ptr<float>(), pointer(bias), pointer(mean), pointer(sample), columns, first,
                 last, key);
  });
}

bool has_kernel(const Tensor& logits) {
  return logits.device().is_cpu() && logits.scalar_type() == torch::kFloat && logits.is_contiguous();
}

}  // namespace

UnitDraw draw_units(const Tensor& logits, const Tensor& bias, at::Generator generator, bool mean) {
  const torch::NoGradGuard no_grad;
  UnitDraw draw;
  if (has_kernel(logits)) {
    draw.sample = torch::empty_like(logits);
    if (mean) draw.mean = torch::empty_like(logits);
    run_kernel(logits, bias, draw.mean, draw.sample, draw_key(generator));
    return draw;
  }
  draw.mean = torch::sigmoid(logits + bias);
  draw.sample = (torch::rand(logits.sizes(), generator, logits.options()) < draw.mean).to(logits.dtype());
  return draw;
}

Tensor draw_from(const Tensor& means, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  if (!has_kernel(means)) return torch::bernoulli(means, generator);
  const auto sample = torch::empty_like(means);
  run_kernel(means, {}, {}, sample, draw_key(generator));
  return sample;
}

Tensor unit_means(const Tensor& logits, const Tensor& bias) {
  if (!has_kernel(logits) || logits.requires_grad()) return torch::sigmoid(logits + bias);
  const torch::NoGradGuard no_grad;
  const auto mean = torch::empty_like(logits);
  run_kernel(logits, bias, mean, {}, 0);
  return mean;
}

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
