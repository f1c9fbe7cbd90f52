// A memory of translated images, against critics that forget.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

namespace belamy::models {

using torch::Tensor;

/// Past generations in random order: Zhu et al. 2017 (arXiv:1703.10593), section 4, after Shrivastava et al.
/// 2017. Images and count are buffers, and all draws happen on the device.
class ImagePool : public torch::nn::Module {
 public:
  /// Room for sizes[0] images of shape sizes[1...].
  explicit ImagePool(const std::vector<std::int64_t>& sizes);
  /// `fresh` [N, ...], detached. As long as the pool has room, it keeps an image and gives it back; from then
  /// on each image is, half of the time, exchanged for a random one of the pool. One call draws each place at
  /// most once, and so works on as many images as there is room for; the others pass.
  Tensor exchange(const Tensor& fresh, at::Generator generator);

 private:
  Tensor kept_;   // [P, ...]
  Tensor count_;  // scalar int64: places that are filled
};

}  // namespace belamy::models
