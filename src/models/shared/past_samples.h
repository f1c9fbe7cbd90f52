// What a discriminator saw before: past samples, shown to it again.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

namespace belamy::models {

using torch::Tensor;

/// Past samples in random order: Shrivastava et al. 2017 (arXiv:1612.07828), section 2.3, as Zhu et al. 2017
/// (arXiv:1703.10593), section 4, have it. Samples and count are buffers, and all draws happen on the device.
class PastSamples : public torch::nn::Module {
 public:
  /// Room for sizes[0] samples of shape sizes[1...].
  explicit PastSamples(const std::vector<std::int64_t>& sizes);
  /// `fresh` [N, ...], detached. While there is room, it keeps each sample and gives it back; from then on
  /// each sample is, half of the time, exchanged for a random one of those kept. One call draws each place at
  /// most once, and so works on as many samples as there is room for; the others pass.
  Tensor exchange(const Tensor& fresh, at::Generator generator);

 private:
  Tensor kept_;   // [P, ...]
  Tensor count_;  // scalar int64: places that are filled
};

}  // namespace belamy::models
