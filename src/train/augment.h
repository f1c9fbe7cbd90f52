// Augmentation: small random changes of training images.
#pragma once

#include <cstdint>
#include <torch/types.h>

#include "belamy/options.h"

#include "core/random.h"

namespace belamy {

using torch::Tensor;

/// The same data without random changes of images.
DataOptions without_augmentation(DataOptions options);

/// data.flip, data.shift and data.affine as one affine map for each image. The affine part is that of Koch et
/// al. 2015, section 3.4: rotation (up to 10 degrees), shear (up to 0.3), scaling (0.8 to 1.2) and shift (up
/// to 2 pixels of 105, along both axes), each with probability one half.
class Augment {
 public:
  explicit Augment(const DataOptions& options);
  bool any() const { return flip_ || shift_ > 0 || affine_; }
  /// Random maps [n, 2, 3] for images of this size. Each maps coordinates in the result to coordinates in the
  /// original; both axes run from -1 to 1.
  Tensor draw(std::int64_t n, std::int64_t height, std::int64_t width, Random& random) const;
  /// Applies maps [N, 2, 3] to images [N, C, H, W] with bilinear interpolation. Pixels from outside get the
  /// colour of the border.
  static Tensor apply(const Tensor& images, const Tensor& maps);

 private:
  bool flip_, affine_;
  std::int64_t shift_;
};

}  // namespace belamy
