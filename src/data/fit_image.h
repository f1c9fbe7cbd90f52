// One image as load_dataset makes those of a data set. No torch here.
#pragma once

#include <string>

#include "belamy/options.h"

#include "data/image.h"

namespace belamy {

/// "crop", "pad", "stretch"; a usage error for another word.
Fit parse_fit(const std::string& text);

/// Size, fit and channels of the options; binarised at half where `binarize` is not "none", since a draw
/// belongs to a place in a data set.
Image fitted(Image image, const DataOptions& options);

}  // namespace belamy
