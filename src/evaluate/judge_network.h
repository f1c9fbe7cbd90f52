// Networks trained elsewhere that judge images of any data set.
#pragma once

#include <functional>
#include <string>
#include <torch/types.h>

namespace belamy {

struct JudgeNetwork {
  enum class Kind {
    inception,             ///< as TensorFlow and torch-fidelity show images to it
    inception_of_pytorch,  ///< as pytorch-fid shows images to it
    lite0,                 ///< EfficientNet-Lite0
    vgg16
  };
  std::string title;          ///< "Inception"
  std::string sha256;         ///< of its weights; of Inception, that of the published file
  std::string resize, range;  ///< of the images, for passports
  std::int64_t feature_count = 0;
  /// Some images uint8 [N, 1 or 3, H, W] on the network's device -> [N, feature_count].
  std::function<torch::Tensor(const torch::Tensor&)> see;
  /// Features on the CPU -> the logits of the Inception score; empty for other networks.
  std::function<torch::Tensor(const torch::Tensor&)> logits;
};

/// Reads the weights `inception`, `efficientnet-lite0`, or `vgg16`, which are found by read_weights. Data errors as of it and
/// of the networks, and for an Inception that is not the published file: only with that file a figure is called FID.
JudgeNetwork judge_network(JudgeNetwork::Kind kind, const std::string& vgg16, torch::Device device);

}  // namespace belamy
