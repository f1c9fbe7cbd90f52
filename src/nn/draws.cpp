#include "nn/draws.h"

#include <ATen/CPUGeneratorImpl.h>
#include <mutex>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/parallel.h"
#include "nn/draw_kernel.h"

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
  const auto rows = logits.size(0), columns = rows > 0 ? logits.numel() / rows : 0;
  const auto grain = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(columns, 1));
  parallel_for(0, rows, grain, [&](std::int64_t first, std::int64_t last) {
    sigmoid_draw(logits.data_ptr<float>(), pointer(bias), pointer(mean), pointer(sample), columns, first,
                 last, key);
  });
}

bool fills(const Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == torch::kFloat;
}

bool has_kernel(const Tensor& logits) {
  return fills(logits) && logits.is_contiguous();
}

template <class Kernel>
Tensor fill_like(const Tensor& x, Kernel kernel, double setting, at::Generator& generator) {
  const auto draws = torch::empty(x.sizes(), x.options());
  const auto n = draws.numel();
  const auto key = draw_key(generator);
  parallel_for(0, (n + kDrawBlock - 1) / kDrawBlock, 16384 / kDrawBlock,
               [&](std::int64_t first, std::int64_t last) {
                 kernel(draws.template data_ptr<float>(), n, static_cast<float>(setting), first, last, key);
               });
  return draws;
}

}  // namespace

at::Generator seeded_like(const at::Generator& like, std::uint64_t seed) {
  auto generator = like.clone();
  generator.set_current_seed(seed);
  return generator;
}

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

Tensor normal_like(const Tensor& x, double deviation, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  if (!fills(x)) return torch::empty_like(x).normal_(0, deviation, generator);
  return fill_like(x, normal_draw, deviation, generator);
}

Tensor dropout_like(const Tensor& x, double keep, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  if (!fills(x)) return torch::empty_like(x).bernoulli_(keep, generator).div_(keep);
  return fill_like(x, dropout_draw, keep, generator);
}

}  // namespace belamy::nn
