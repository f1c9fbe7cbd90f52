// How often codes have been where: a running histogram of each dimension, and weights that favour the rare.
// Amini et al. 2019 (AIES), section 3.2.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>

namespace belamy::models {

using torch::Tensor;

class LatentHistogram : public torch::nn::Module {
 public:
  /// `bins` equal bins of [-4, 4] for each of `dimensions`; the outer ones hold what is beyond. Starts even.
  LatentHistogram(std::int64_t dimensions, std::int64_t bins);

  /// Moves the shares towards those of `codes` [N, Z]: they keep `keep` of what they were.
  void follow(const Tensor& codes, double keep);
  /// [N], sum 1: proportional to the product over dimensions of 1 / (q + alpha), where q is the share of the
  /// code's bin relative to that of the fullest bin.
  Tensor weights(const Tensor& codes, double alpha) const;
  /// [Z, bins], each row sums to 1.
  const Tensor& shares() const { return shares_; }

 private:
  Tensor bin_of(const Tensor& codes) const;  // [N, Z] int64

  Tensor shares_;
};

}  // namespace belamy::models
