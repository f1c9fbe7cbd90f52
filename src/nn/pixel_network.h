// Networks whose output at a pixel depends only on the pixels before it, and their evaluation pixel by pixel.
#pragma once

#include <cstdint>
#include <memory>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

struct PixelNetworkShape {
  bool gated = true;              ///< two stacks of gated layers; false: one stack of masked convolutions
  std::int64_t channels = 1;      ///< channels of the images
  std::int64_t outputs = 1;       ///< outputs for each pixel
  std::int64_t width = 16;        ///< features of a layer
  std::int64_t blocks = 7;        ///< layers after the first
  std::int64_t first_kernel = 7;  ///< side of the first layer's window, odd
  std::int64_t kernel = 3;        ///< side of the other layers' windows, odd
  std::int64_t head = 64;         ///< features between the last two layers
};

/// Computes the outputs of one pixel after the other.
class PixelWalk {
 public:
  virtual ~PixelWalk() = default;
  virtual void begin_row() = 0;
  virtual Tensor at(std::int64_t column) = 0;  ///< [N, outputs]
  /// Takes the values [N, C] of the pixel, after at().
  virtual void put(std::int64_t column, const Tensor& values) = 0;
};

class PixelNetwork : public torch::nn::Module {
 public:
  /// Images [N, C, H, W] in [-1, 1] -> [N, outputs, H, W], single precision.
  virtual Tensor forward(const Tensor& x) = 0;
  /// A walk through `n` images of this width, from the first pixel, with the present weights.
  virtual std::unique_ptr<PixelWalk> walk(std::int64_t n, std::int64_t width) = 0;
};

/// The plain stack is that of PixelCNN (arXiv:1601.06759): a first masked convolution to 2 width features, then
/// residual blocks of a 1x1, a masked and a 1x1 convolution. It has a blind spot in the rows above, on the
/// right. The gated network (arXiv:1606.05328) has none: a vertical stack sees the rows above, left and
/// right, and a horizontal stack sees the pixels to the left in the same row and the features of the vertical
/// one.
std::shared_ptr<PixelNetwork> make_pixel_network(const PixelNetworkShape& shape, at::Generator generator);

}  // namespace belamy::nn
