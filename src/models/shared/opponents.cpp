#include "models/shared/opponents.h"

#include <algorithm>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/random.h"
#include "nn/substitution.h"

namespace belamy::models {

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
