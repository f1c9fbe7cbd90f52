// A game's memory of its players: their weights at some past steps, and the mean of their weights. All of it
// is in buffers of fixed shape or follows from the step number, so that a resumed run continues bit for bit.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

namespace belamy::models {

using torch::Tensor;

/// A player's weights at some past steps.
class PastWeights : public torch::nn::Module {
 public:
  PastWeights(std::int64_t count, std::int64_t every, const std::vector<Tensor>& parameters);
  /// At every `every`-th step, stores the current weights in place of the oldest.
  void remember(const std::vector<Tensor>& parameters, std::int64_t step);
  /// With probability `share` a past player's weights, in the shapes of `parameters`; empty otherwise. Step
  /// and salt determine the draw.
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
