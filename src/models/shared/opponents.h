// What an adversarial model remembers of its past: generations, players, the average of the weights.
// Everything is a buffer of fixed shape or follows from the step number, so that a resumed run goes on with
// the same bits.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

namespace belamy::models {

using torch::Tensor;

/// Past generations, shown to the discriminator again (experience replay).
class ReplayBuffer : public torch::nn::Module {
 public:
  /// Room for sizes[0] data of shape sizes[1...].
  explicit ReplayBuffer(const std::vector<std::int64_t>& sizes);
  /// `fresh` [N, ...] with its first half replaced by random past generations, as soon as there are any;
  /// keeps the fresh ones in place of the oldest. Call once a step.
  Tensor mix(const Tensor& fresh, std::int64_t step, at::Generator generator);

 private:
  Tensor kept_;
};

/// A player's weights at some past steps.
class PastWeights : public torch::nn::Module {
 public:
  PastWeights(std::int64_t count, std::int64_t every, const std::vector<Tensor>& parameters);
  /// Keeps the present weights at every `every`-th step, in place of the oldest.
  void remember(const std::vector<Tensor>& parameters, std::int64_t step);
  /// With probability `share` a past player's weights, cut like `parameters`; empty otherwise. The draw
  /// follows from step and salt.
  std::vector<Tensor> draw(const std::vector<Tensor>& parameters, std::int64_t step, double share,
                           std::uint64_t salt) const;

 private:
  std::int64_t every_;
  Tensor kept_;  // [count, P]
};

/// The mean of a player's weights over all steps so far (Salimans et al. 2016, section 3.3).
class WeightHistory : public torch::nn::Module {
 public:
  explicit WeightHistory(const std::vector<Tensor>& parameters);
  /// |theta - mean|^2, a scalar.
  Tensor distance(const std::vector<Tensor>& parameters) const;
  void follow(const std::vector<Tensor>& parameters, std::int64_t step);

 private:
  Tensor mean_;  // [P]
};

}  // namespace belamy::models
