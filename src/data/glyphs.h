// The default data set: letters and digits in many typefaces, rendered from the fonts of the system.
#pragma once

#include <cstdint>

#include "data/dataset.h"

namespace belamy {

/// 0-9, A-Z and a-z in 49 faces: [N, 1, 32, 32], white ink (255) on black ground (0), with a black border of
/// one pixel at least. Labels are the character's index ("0" .. "9", "A" .. "Z", "a" .. "z"), styles the
/// face's
/// ("Cabin-Bold, sans"). Each pair of character and face comes 16 times for training and twice for testing,
/// each time turned, sheared, scaled and shifted a little by `seed`; both splits have jitter of their own.
/// The order is copy by copy, in it face by face, in it by character.
///
/// The same fonts, FreeType and seed give the same bytes. Fonts are looked for below $BELAMY_FONTS, else
/// /usr/share/fonts; one that is missing or damaged is a data error that names its Debian package.
Dataset make_glyphs(std::int64_t seed, Split split);

}  // namespace belamy
