// Networks whose output at a pixel depends on the pixels before it alone, and their walk along the pixels.
#pragma once

#include <cstdint>
#include <memory>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

struct PixelNetworkShape {
  bool gated = true;              ///< two stacks of gated layers; false: one stack of masked convolutions
  std::int64_t channels = 1;      ///< of the images
  std::int64_t outputs = 1;       ///< for each pixel
  std::int64_t width = 16;        ///< features
  std::int64_t blocks = 7;        ///< layers of 3x3, after the first
  std::int64_t first_kernel = 7;  ///< odd
  std::int64_t kernel = 3;        ///< odd
  std::int64_t head = 64;         ///< features between the two last layers
};

/// Computes the outputs of one pixel after the other.
class PixelWalk {
 public:
  virtual ~PixelWalk() = default;
  virtual void begin_row() = 0;
  virtual Tensor at(std::int64_t column) = 0;  ///< [N, outputs]
  /// Tells the pixel's values [N, C].
  virtual void put(std::int64_t column, const Tensor& values) = 0;
};

class PixelNetwork : public torch::nn::Module {
 public:
  /// Images [N, C, H, W] in [-1, 1] -> [N, outputs, H, W], single precision.
  virtual Tensor forward(const Tensor& x) = 0;
  /// A walk through `n` images from the first pixel, with the present weights.
  virtual std::unique_ptr<PixelWalk> walk(std::int64_t n, std::int64_t width) = 0;
};

/// The plain stack is that of PixelCNN (arXiv:1601.06759): a first masked convolution to 2 width features, then
/// residual blocks of 1x1, masked convolution and 1x1. It has a blind spot to the right of the pixels above. The
/// gated one (arXiv:1606.05328) has none: a vertical stack sees all of the rows above, a horizontal one the row.
std::shared_ptr<PixelNetwork> make_pixel_network(const PixelNetworkShape& shape, at::Generator generator);

}  // namespace belamy::nn
