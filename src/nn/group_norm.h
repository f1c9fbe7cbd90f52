// Group norm (Wu & He 2018, arXiv:1803.08494) and the SiLU after it.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// f(scale (x - mean) / deviation + shift) for x [N, C, H, W], with mean and deviation of each of `groups` groups of
/// neighbouring channels in each example, and scale and shift [N, C]. f is SiLU, z sigmoid(z), or with `plain`
/// the identity. On the CPU in three passes over memory, in channels-last order.
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& scale, const Tensor& shift, bool plain);

/// The layer, with a learned scale and shift for each channel: 8 channels a group, and at most 32 groups, where the
/// number of channels allows.
class GroupNorm : public torch::nn::Module {
 public:
  explicit GroupNorm(std::int64_t channels, bool plain = false);
  Tensor forward(const Tensor& x) { return forward(x, {}); }
  /// Scale and shift from a condition [N, 2 C] as well: scale * (1 + first half), shift * (1 + first half) + second
  /// half (Dhariwal & Nichol 2021, arXiv:2105.05233, section 4.1).
  Tensor forward(const Tensor& x, const Tensor& condition);

  static std::int64_t groups_of(std::int64_t channels);

 private:
  std::int64_t groups_;
  bool plain_;
  Tensor scale_, shift_;  // [C]
};

}  // namespace belamy::nn
