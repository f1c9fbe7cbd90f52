// Pictures of where in images a class was found.
#pragma once

#include <optional>
#include <torch/types.h>
#include <vector>

#include "belamy/capabilities.h"

#include "data/image.h"

namespace belamy {

/// Images [N, C, H, W] in [-1, 1] in rows of `columns`; below each its map [N, H, W] in the colours of
/// heat_colours over the darkened image, black at 0 or less, white at the map's greatest value, with the box found in white and, where `known` is not empty, the
/// true one in green. Small images are enlarged.
Image localisation_picture(const Tensor& images, const Tensor& maps,
                           const std::vector<std::optional<Box>>& found, const std::vector<Box>& known,
                           std::int64_t columns);

}  // namespace belamy
