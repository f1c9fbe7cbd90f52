// Two-dimensional toy sets, drawn afresh from a seed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// `count` points [N, 2] of the set `name`, drawn independently; labels are the mode or class of each point
/// (none for swissroll). The same seed gives the same bytes, and a larger count only appends to them. A data
/// error for an unknown name or a count outside 1 .. 2^26.
Dataset make_synthetic(const std::string& name, std::int64_t count, std::int64_t seed);

/// Name and one-line description of each set.
std::vector<std::pair<std::string, std::string>> synthetic_sets();

}  // namespace belamy
