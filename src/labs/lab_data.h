// Data sets of several labs.
#pragma once

#include <cstdint>
#include <string>
#include <torch/types.h>
#include <vector>

#include "data/dataset.h"

namespace belamy::labs {

/// `source`, if that data set is on this machine, else "glyphs", which always is.
std::string at_hand(const std::string& source);

/// Points [N, D] as a data set, for a Session.
Dataset dataset_of(const torch::Tensor& points, const std::string& name);

/// The digits 0 ... 9 of `glyphs`, `side` pixels a side, grey: 7840 for training, 980 for testing.
Dataset glyph_digits(std::int64_t side, Split split);

}  // namespace belamy::labs
