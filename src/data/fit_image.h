// Fits one image as load_dataset fits those of a data set. No torch here.
#pragma once

#include <string>

#include "belamy/options.h"

#include "data/image.h"

namespace belamy {

/// Width and height that the options ask for; zeros: as the images are. A usage error for a width without a
/// height, or one beside a size.
struct WantedSize {
  int width = 0, height = 0;
  explicit operator bool() const { return width > 0; }
};
WantedSize wanted_size(const DataOptions& options);

/// From "crop", "pad" or "stretch"; a usage error for any other word.
Fit parse_fit(const std::string& text);

/// The image with size, fit and channels of the options. It is binarised at half if `binarize` is not "none":
/// random binarisation needs a place in a data set.
Image fitted(Image image, const DataOptions& options);

}  // namespace belamy
