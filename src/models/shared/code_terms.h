// Settings that autoencoders share beside their networks: noise on the input, and sparsity of the code.
#pragma once

#include <string>
#include <torch/types.h>

#include "belamy/config.h"
#include "belamy/model.h"

namespace belamy::models {

/// Noise on the encoder's input; the target stays the clean input. Levels are for pixels in [0, 1].
struct Corruption {
  std::string kind = "none";
  double level = 0.25;

  void fields(Fields& f);
  /// For values between `low` and `high`; pass 0 and 1 for points, which have no bounds.
  Tensor apply(const Tensor& values, double low, double high, at::Generator generator) const;
  /// What is wrong with it for this data; empty: nothing.
  Fault check(const DataShape& shape) const;
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
