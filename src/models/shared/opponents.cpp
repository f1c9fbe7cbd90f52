#include "models/shared/opponents.h"

#include <algorithm>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/random.h"
#include "nn/substitution.h"

namespace belamy::models {

ReplayBuffer::ReplayBuffer(const std::vector<std::int64_t>& sizes) {
  kept_ = register_buffer("kept", torch::zeros(sizes));
}

Tensor ReplayBuffer::mix(const Tensor& fresh, std::int64_t step, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  const auto capacity = kept_.size(0), n = std::min(fresh.size(0), capacity);
  const auto stored = std::min(capacity, step * n);
  auto mixed = fresh;
  if (const auto half = fresh.size(0) / 2; stored > 0 && half > 0) {
    const auto places =
        torch::randint(stored, {half}, generator, torch::TensorOptions(torch::kLong).device(fresh.device()));
    mixed = at::cat({kept_.index_select(0, places), fresh.narrow(0, half, fresh.size(0) - half)});
  }
  const auto first = step * n % capacity, at_end = std::min(n, capacity - first);
  kept_.narrow(0, first, at_end).copy_(fresh.narrow(0, 0, at_end));
  if (at_end < n) kept_.narrow(0, 0, n - at_end).copy_(fresh.narrow(0, at_end, n - at_end));
  return mixed;
}

PastWeights::PastWeights(std::int64_t count, std::int64_t every, const std::vector<Tensor>& parameters)
    : every_(every) {
  kept_ = register_buffer("kept", torch::zeros({count, nn::flatten(parameters).numel()}));
}

void PastWeights::remember(const std::vector<Tensor>& parameters, std::int64_t step) {
  if (step % every_ != 0) return;
  const torch::NoGradGuard no_grad;
  kept_[step / every_ % kept_.size(0)].copy_(nn::flatten(parameters));
}

std::vector<Tensor> PastWeights::draw(const std::vector<Tensor>& parameters, std::int64_t step, double share,
                                      std::uint64_t salt) const {
  const auto stored = std::min(kept_.size(0), (step + every_ - 1) / every_);
  Random random(static_cast<std::uint64_t>(step), salt);
  if (stored == 0 || random.uniform() >= share) return {};
  const auto slot = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(stored)));
  return nn::cut_like(kept_[slot], parameters);
}

WeightHistory::WeightHistory(const std::vector<Tensor>& parameters) {
  mean_ = register_buffer("mean", torch::zeros({nn::flatten(parameters).numel()}));
}

Tensor WeightHistory::distance(const std::vector<Tensor>& parameters) const {
  return (nn::flatten(parameters) - mean_).square().sum();
}

void WeightHistory::follow(const std::vector<Tensor>& parameters, std::int64_t step) {
  const torch::NoGradGuard no_grad;
  mean_.lerp_(nn::flatten(parameters), 1 / static_cast<double>(step + 1));
}

}  // namespace belamy::models
