// A memory of past samples, to be shown to a discriminator again.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

#include "belamy/group.h"

namespace belamy::models {

using torch::Tensor;

/// The image history of Shrivastava et al. 2017 (arXiv:1612.07828), section 2.3, in the form of Zhu et al.
/// 2017 (arXiv:1703.10593), section 4. Samples and count are buffers, and all draws happen on the device.
class PastSamples : public torch::nn::Module, public ProcessBuffers {
 public:
  /// Room for sizes[0] samples of shape sizes[1...].
  explicit PastSamples(const std::vector<std::int64_t>& sizes);
  /// Takes `fresh` [N, ...], detached, and returns as many samples. While there is room, each sample is
  /// stored and returned. Later each sample is, with probability 1/2, stored in place of a random stored
  /// one, which is returned instead. A call uses each place at most once: samples beyond the capacity are
  /// returned unchanged.
  Tensor exchange(const Tensor& fresh, at::Generator generator);
  std::vector<Tensor> own_buffers() const override { return {kept_, count_}; }

 private:
  Tensor kept_;   // [P, ...]
  Tensor count_;  // scalar int64: places that are filled
};

}  // namespace belamy::models
