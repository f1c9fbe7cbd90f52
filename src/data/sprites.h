// White shapes on black whose factors are known and independent, after dSprites (Matthey et al. 2017).
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace belamy {

/// Every combination once of 3 shapes (square, ellipse, triangle), 6 sizes, 5 angles from -40 to 40 degrees, and 16 places
/// along each axis, one pixel apart: [N, 1, 32, 32]. Labels are the shapes; attributes are size, turn, x and y, each from 0
/// (its least value; left, top) to 1 in equal steps. The order is random by `seed`, and so is the fifth of the combinations that
/// forms the test split.
inline constexpr const char* kSprites = "sprites";
Dataset make_sprites(std::int64_t seed, Split split);

}  // namespace belamy
