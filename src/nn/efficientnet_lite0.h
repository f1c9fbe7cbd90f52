// A pretrained EfficientNet-Lite0: features for comparing sets of colour images.
#pragma once

#include <map>
#include <string>
#include <torch/types.h>
#include <vector>

#include "store/safetensors.h"

namespace belamy::nn {

using torch::Tensor;

/// Tan & Le 2019 (arXiv:1905.11946), the variant "lite 0" without squeeze-and-excitation and with ReLU6, for
/// 1000 classes of ImageNet. Its weights never change, batch normalisation is folded into the convolutions,
/// and it is differentiable with respect to the images.
///
/// It was trained on RGB of 0..255 as (x - 127) / 128, 224x224, with TensorFlow's padding: where an even size
/// is halved, an odd padding lies below and to the right. It converts the range itself, but not the size:
/// features of small images are more informative when the images are enlarged first (nn::resized).
class EfficientNetLite0 {
 public:
  static constexpr std::int64_t feature_count = 1280;
  static constexpr std::int64_t class_count = 1000;

  /// From the tensors of its PyTorch file: _conv_stem.weight [32, 3, 3, 3], ... _fc.bias [1000]. Messages
  /// call the file `origin`. A data error names the first tensor that does not fit.
  EfficientNetLite0(const Safetensors& file, const std::string& origin, torch::Device device = torch::kCPU);

  /// "stem", "block0", ... "block15", "head", in the order of the network.
  static const std::vector<std::string>& layers();

  /// The maps [N, C, H', W'] of the named layers, in the given order; layers after the last of them are
  /// not computed. Images are [N, 1 or 3, H, W] in [-1, 1], gray or RGB. Usage errors: other images,
  /// unknown layers.
  std::vector<Tensor> maps(const Tensor& images, const std::vector<std::string>& layers) const;
  /// [N, 1280]: the mean of "head" over its places.
  Tensor features(const Tensor& images) const;
  /// Features -> logits [N, 1000] of ImageNet's classes.
  Tensor logits(const Tensor& features) const;

 private:
  struct Convolution {
    Tensor weight, bias;
    std::int64_t stride = 1;
    bool rectified = true;
    Tensor operator()(const Tensor& x) const;
  };
  struct Layer {
    std::vector<Convolution> convolutions;
    bool adds_input = false;
  };

  std::vector<Layer> layers_;  // one for each of layers()
  Tensor weight_, bias_;       // of the classifier
};

}  // namespace belamy::nn
