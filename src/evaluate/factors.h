// The known factors of a data set: classes, styles and attributes.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

#include "data/dataset.h"

namespace belamy {

struct KnownFactors {
  std::vector<std::string> names;  ///< [F]: "class", "style", or the attribute
  std::vector<bool> ordered;       ///< [F]: an attribute, whose values are numbers
  torch::Tensor train, test;  ///< [N, F] int64: the place of the value among those that occur, in their order
};

/// Of two splits of one data set, with one numbering. An attribute with more than 100 values is cut into 20 equal parts of its
/// range. A factor that has only one value in either split is left out.
KnownFactors known_factors(const Dataset& train, const Dataset& test);

}  // namespace belamy
