// The pretrained convolutions of VGG16, for perceptual losses and style transfer.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

#include "store/safetensors.h"

namespace belamy::nn {

using torch::Tensor;

/// Simonyan & Zisserman 2015 (arXiv:1409.1556), configuration D without the three layers after the
/// convolutions: five groups of 3x3 convolutions with ReLU, a 2x2 pooling after each. Its weights never
/// change; it is differentiable with respect to the images.
///
/// It was trained on BGR in 0..255 minus (103.939, 116.779, 123.68), or, with the metadata of torchvision's weights
/// (store/known_networks.h), on RGB in [0, 1] less their means and divided by their deviations. It converts its images to
/// that itself, and does not resize them.
class Vgg16 {
 public:
  /// `average` is that of Gatys et al. 2016 for pictures; the weights were trained with `max`.
  enum class Pooling { max, average };

  /// From conv1_1.weight [64, 3, 3, 3], conv1_1.bias [64], ... conv5_3.bias [512]. Messages call the file
  /// `origin`. A data error names the first tensor that does not fit.
  Vgg16(const Safetensors& file, const std::string& origin, Pooling pooling = Pooling::max,
        torch::Device device = torch::kCPU);

  /// "relu1_1", "relu1_2", "pool1", "relu2_1", ... "relu5_3", "pool5", in the order of the network.
  static const std::vector<std::string>& layers();

  /// The maps [N, C, H', W'] of the named layers, in the given order; layers after the last of them are not
  /// computed. Images are [N, 1 or 3, H, W] in [-1, 1], gray or RGB. Usage errors: other images, ones too
  /// small for a layer (relu5_1 needs 16 pixels), unknown layers.
  std::vector<Tensor> features(const Tensor& images, const std::vector<std::string>& layers) const;

 private:
  struct Step {
    Tensor weight, bias;  // undefined: pooling
  };
  Tensor run(const Step& step, const Tensor& x) const;

  Pooling pooling_;
  std::vector<Step> steps_;  // one for each of layers()
  Tensor offset_;            // [1, 3, 1, 1]
};

}  // namespace belamy::nn
