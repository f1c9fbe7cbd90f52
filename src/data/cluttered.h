// Digits at random places among pieces of letters: data whose labels say what an image shows, and whose boxes say where.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace belamy {

inline constexpr const char* kCluttered = "cluttered";

/// [N, 1, 64, 64], white on black: a digit of the glyphs' typefaces, 1 to 1.75 times as large as there, anywhere in the
/// image, and 12 pieces of 10x10 pixels of letters. Labels are the digits, styles their faces, boxes surround them. Digits
/// and pieces for training are those of the glyphs for training, as are those for testing.
///
/// After Mnih et al. 2014 (arXiv:1406.6247), section 4.1. Errors are those of make_glyphs.
Dataset make_cluttered(std::int64_t seed, Split split);

}  // namespace belamy
