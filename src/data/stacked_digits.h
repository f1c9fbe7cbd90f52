// Three digits in the three channels of one image. Internal to src/data.
#pragma once

#include <cstdint>

#include "data/readers.h"

namespace belamy {

/// The set of Metz et al. 2017 (arXiv:1611.02163, section 3.3.1) and of PacGAN: each channel holds a digit drawn at random from
/// `digits`, an image set of ten classes. 128,000 images for training, 26,000 for testing. The label is the number that the
/// digits of red, green and blue form: 1,000 classes, "000" to "999". Which digits an image holds depends only on the
/// seed, the split and its place. Data errors: other than ten classes.
inline constexpr const char* kStackedDigits = "stacked-mnist";
Listing stack_digits(Listing digits, std::int64_t seed, Split split);

}  // namespace belamy
