// Small images for labs: the digits of the glyphs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy::labs {

/// The digits 0 ... 9 of `glyphs`, `side` pixels a side, grey: 7840 for training, 980 for testing.
Dataset glyph_digits(std::int64_t side, Split split);

}  // namespace belamy::labs
