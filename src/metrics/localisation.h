// Boxes around what a map shows, and how well two boxes agree.
#pragma once

#include <optional>
#include <torch/types.h>

#include "data/image.h"

namespace belamy {

/// The box around the largest connected region (by the four sides of its places) of a map [H, W] in which values are
/// greater than `share` of the greatest value: Zhou et al. 2016 (arXiv:1512.04150), section 3.2. Of regions of one size
/// the upper one counts. Nothing if no value is above 0.
std::optional<Box> box_of_map(const torch::Tensor& map, double share);

/// The area that two boxes have in common over the area that they cover together, 0 to 1 (IoU).
double overlap_of(const Box& a, const Box& b);

}  // namespace belamy
