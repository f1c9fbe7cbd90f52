// How different two images look to a network that was trained to classify photographs.
#pragma once

#include <string>
#include <torch/types.h>

#include "nn/vgg16.h"

namespace belamy {

/// Distance in the features of VGG16: at each place the squared difference of the two feature vectors, both of
/// length 1, as a mean over places and then over the layers relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3. This is
/// the distance of Zhang et al. 2018 (arXiv:1801.03924) without its learned weights, so its values are not LPIPS.
class FeatureDistance {
 public:
  /// `weights` are found by read_weights; data errors as of it and of nn::Vgg16.
  FeatureDistance(const std::string& weights, torch::Device device);

  /// Images [N, 1 or 3, H, W] in [-1, 1] of at least 16 pixels a side: [N]. Differentiable.
  torch::Tensor operator()(const torch::Tensor& a, const torch::Tensor& b) const;
  const std::string& sha256() const { return sha256_; }

 private:
  std::string sha256_;
  nn::Vgg16 network_;
};

}  // namespace belamy
