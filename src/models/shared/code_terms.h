// Settings that autoencoders share beside their networks: noise on the input, and few active units in the
// code.
#pragma once

#include <string>
#include <torch/types.h>

#include "belamy/config.h"
#include "belamy/model.h"

namespace belamy::models {

/// Noise on what is encoded; what is given back is the clean input. Levels are those of pixels in [0, 1].
struct Corruption {
  std::string kind = "none";
  double level = 0.25;

  void fields(Fields& f);
  /// For values between `low` and `high`; points, which have no bounds, count as between 0 and 1.
  Tensor apply(const Tensor& values, double low, double high, at::Generator generator) const;
  /// What is wrong with it for this data, or empty.
  std::string check(const DataShape& shape) const;
};

/// A penalty on active units.
struct Sparsity {
  std::string kind = "none";
  double weight = 0.1;
  double target = 0.05;

  void fields(Fields& f);
  bool on() const { return kind != "none"; }
  Tensor penalty(const Tensor& codes) const;  // scalar, without the weight
};

}  // namespace belamy::models
