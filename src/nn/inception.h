// The Inception network of FID, KID and the Inception score.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <torch/types.h>

#include "nn/trained.h"
#include "store/safetensors.h"

namespace belamy::nn {

/// Szegedy et al. 2016 (arXiv:1512.00567), as TensorFlow published it in December 2015: 1008 logits, average pooling that
/// leaves the padding out of its mean, and a maximum in place of the average in the pooling branch of the last block. Published
/// values of FID depend on each of these. Its weights never change, batch normalisation is folded into the convolutions, and it
/// is differentiable with respect to the images.
class Inception {
 public:
  static constexpr std::int64_t feature_count = 2048;
  static constexpr std::int64_t class_count = 1008;
  static constexpr std::int64_t side = 299;

  /// From the tensors of its PyTorch file: Conv2d_1a_3x3.conv.weight [32, 3, 3, 3], ... fc.bias [1008]. Messages call the file
  /// `origin`. A data error names the first tensor that does not fit.
  Inception(const Safetensors& file, const std::string& origin, torch::Device device = torch::kCPU);

  /// How bytes become what the network sees. Values of FID by one and by the other must not be compared.
  enum class Input {
    tensorflow,  ///< as TensorFlow 1 resizes, without an offset of half a pixel, and (x - 128) / 128: torch-fidelity
    pytorch  ///< as PyTorch resizes with align_corners=False, and 2 x / 255 - 1: pytorch-fid
  };
  /// uint8 [N, 1 or 3, H, W] -> float [N, 3, 299, 299]. A usage error for other tensors.
  static Tensor input(const Tensor& bytes, Input kind);

  /// [N, 3, H, W] of at least 75 pixels a side, as `input` gives them -> [N, 2048]: the mean of the last maps over their places.
  Tensor features(const Tensor& images) const;
  /// Features -> [N, 1008] without the bias, as the Inception score takes them.
  Tensor unbiased_logits(const Tensor& features) const;

 private:
  struct Convolution {
    Tensor weight, bias;
    std::int64_t stride = 1;
    bool padded = true;  // so that the size stays
  };
  Tensor chain(const std::string& block, std::initializer_list<const char*> units, Tensor x) const;
  Tensor at_35(const std::string& block, const Tensor& x) const;
  Tensor at_17(const std::string& block, const Tensor& x) const;
  Tensor at_8(const std::string& block, const Tensor& x, bool pools_maximum) const;

  std::map<std::string, Convolution> units_;
  Tensor weight_;  // of the classifier
};

}  // namespace belamy::nn
