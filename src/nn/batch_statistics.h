// Layers that show a discriminator its whole batch, against mode collapse.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// Minibatch discrimination (Salimans et al. 2016, arXiv:1606.03498, section 3.2): [N, F] -> [N, F +
/// kernels]. The new features are o_b(x_i) = sum over j != i of exp(-|M_ib - M_jb|_1) with M = x T, T [F,
/// kernels * size]. Works on chunks of rows, so that its memory grows with N, not with its square.
class MinibatchDiscrimination : public torch::nn::Module {
 public:
  MinibatchDiscrimination(std::int64_t features, std::int64_t kernels, std::int64_t size);
  Tensor forward(const Tensor& x);

 private:
  std::int64_t kernels_, size_;
  Tensor weight_;  // [kernels * size, F]
};

/// The similarities alone: M [N, B, C] -> [N, B]. `chunk` rows at a time; 0: as many as fit into about
/// 16 MiB.
Tensor minibatch_similarity(const Tensor& m, std::int64_t chunk = 0);

/// Minibatch standard deviation (Karras et al. 2018, arXiv:1710.10196, section 3): one more feature, the
/// standard deviation over the batch, averaged over all features. [N, F] -> [N, F + 1].
Tensor append_deviation(const Tensor& x);
/// The same for images, as one more channel that holds one value for each group of examples: [N, C, H, W] ->
/// [N, C + 1, H, W]. A group has `group` examples, or fewer where N cannot be divided by that.
Tensor append_deviation_channel(const Tensor& x, std::int64_t group = 4);

}  // namespace belamy::nn
