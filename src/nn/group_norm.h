// Group norm (Wu & He 2018, arXiv:1803.08494) and the SiLU after it.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// f(scale (x - mean) / deviation + shift) for x [N, C, H, W], with scale and shift [N, C]. The channels of
/// each example form `groups` groups of neighbours, and each group has its own mean and deviation. f is SiLU,
/// z sigmoid(z), or with `plain` the identity. On the CPU it takes three passes over memory, in channels-last
/// order.
Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& scale, const Tensor& shift, bool plain);

/// Group norm with a learned scale and shift for each channel. A group has 8 channels, or more where that
/// would make more than 32 groups or would not divide the number of channels.
class GroupNorm : public torch::nn::Module {
 public:
  explicit GroupNorm(std::int64_t channels, bool plain = false);
  Tensor forward(const Tensor& x) { return forward(x, {}); }
  /// Scale and shift from a condition [N, 2 C] as well: scale * (1 + first half), shift * (1 + first half) + second
  /// half (Dhariwal & Nichol 2021, arXiv:2105.05233, section 3.1).
  Tensor forward(const Tensor& x, const Tensor& condition);

  static std::int64_t groups_of(std::int64_t channels);

 private:
  std::int64_t groups_;
  bool plain_;
  Tensor scale_, shift_;  // [C]
};

}  // namespace belamy::nn
