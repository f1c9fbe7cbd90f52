// The common part of pretrained networks: their tensors and their images.
#pragma once

#include <map>
#include <string>
#include <torch/types.h>
#include <vector>

#include "store/known_networks.h"

namespace belamy {

namespace nn {

using torch::Tensor;

/// Copies of tensors_of(kind) by name, as float on the CPU. A data error names `origin` and the first tensor
/// that is missing, has another shape or type, or holds a value that is not finite.
std::map<std::string, Tensor> trained_tensors(const Safetensors& file, const std::string& origin,
                                              NetworkKind kind);

/// A convolution with the batch normalisation after it folded in, computed in double: weight [O, I, kh, kw] in the order of
/// channels last, and bias [O]. The normalisation is that of TensorFlow's networks, with an epsilon of 1e-3.
struct FoldedConvolution {
  Tensor weight, bias;
};
FoldedConvolution folded(const std::map<std::string, Tensor>& tensors, const std::string& convolution,
                         const std::string& norm, torch::Device device);

/// Images [N, 1 or 3, H, W] in [-1, 1] as [N, 3, H, W] float; gray images get three equal channels. A usage
/// error that begins with `network` for other tensors.
Tensor coloured(const Tensor& images, const std::string& network);

/// The indices of `names` in `known`. A usage error that begins with `network` and suggests the nearest name.
std::vector<std::size_t> places_of(const std::vector<std::string>& names,
                                   const std::vector<std::string>& known, const std::string& network);

/// Resizes images [N, C, H, W], bilinear with antialiasing, as PyTorch's interpolate with antialias=True.
/// Networks never resize by themselves: values can be compared only at a known size.
Tensor resized(const Tensor& images, std::int64_t height, std::int64_t width);

}  // namespace nn
}  // namespace belamy
