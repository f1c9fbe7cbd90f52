// Pixels that are black or white, -1 or 1, for models of binary data.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/config.h"
#include "belamy/model.h"

#include "models/shared/code_networks.h"
#include "nn/draws.h"

namespace belamy::models {

/// How grey pixels become black or white. Data that are black and white already stay as they are.
struct Binarising {
  std::string binarise = "stochastic";

  void binarising_field(Fields& f) {
    f.add("binarise", binarise, std::vector<std::string>{"stochastic", "threshold"},
          "how grey pixels become black or white; stochastic: a new draw in each use, with the grey as "
          "probability; threshold: white from half of the range");
  }
  Tensor black_and_white(const Tensor& data, at::Generator generator) const {
    if (binarise == "threshold") return from_unit((data >= 0).to(data.scalar_type()));
    return from_unit(nn::draw_from(to_unit(data).clamp(0, 1).contiguous(), generator));
  }
  /// For Density::how.
  std::string how() const {
    return binarise == "threshold" ? "pixels black or white by a threshold at half"
                                   : "pixels drawn black or white once";
  }
};

}  // namespace belamy::models
