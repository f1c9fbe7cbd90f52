// A learned density with exact samples and values: the real-valued non-volume-preserving flow.
#pragma once

#include <memory>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <utility>
#include <vector>

#include "nn/layers.h"

namespace belamy::nn {

/// Affine couplings (Dinh et al. 2017, arXiv:1605.08803) between z [N, D] and u ~ N(0, 1): each scales and
/// shifts one half of the dimensions by functions of the other half, in turn. Starts as the identity. D at
/// least 2.
class CouplingFlow : public torch::nn::Module {
 public:
  CouplingFlow(std::int64_t dimension, std::int64_t couplings, std::int64_t width, at::Generator generator);

  /// z -> u.
  Tensor to_normal(const Tensor& z) const { return forward(z).first; }
  /// u -> z.
  Tensor from_normal(Tensor u) const;
  /// log p(z) [N], nats.
  Tensor log_density(const Tensor& z) const;

 private:
  std::pair<Tensor, Tensor> forward(Tensor z) const;  // u and log |det du/dz| [N]
  /// Log scale and shift of one half, computed from the other.
  std::pair<Tensor, Tensor> affine(std::size_t coupling, const Tensor& given) const;

  std::int64_t dimension_;
  std::vector<std::shared_ptr<Chain>> networks_;
};

}  // namespace belamy::nn
