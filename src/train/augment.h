// Small random changes of training images: mirrored, moved, turned, sheared, scaled.
#pragma once

#include <cstdint>
#include <torch/types.h>

#include "belamy/options.h"

#include "core/random.h"

namespace belamy {

using torch::Tensor;

/// data.flip, data.shift and data.affine as one affine map an image. The affine part is that of Koch et al.
/// 2015, section 3.4: each of turn (up to 10 degrees), shear (up to 0.3), scale (0.8 to 1.2) and move (up to
/// 2 pixels of 105, along both axes) happens with probability one half.
class Augment {
 public:
  explicit Augment(const DataOptions& options);
  bool any() const { return flip_ || shift_ > 0 || affine_; }
  /// [n, 2, 3]: for each image the map from places in the result to places in the original, both axes from -1
  /// to 1, for images of this size.
  Tensor draw(std::int64_t n, std::int64_t height, std::int64_t width, Random& random) const;
  /// [N, C, H, W] by maps [N, 2, 3], bilinear; what comes from outside has the colour of the border.
  static Tensor apply(const Tensor& images, const Tensor& maps);

 private:
  bool flip_, affine_;
  std::int64_t shift_;
};

}  // namespace belamy
