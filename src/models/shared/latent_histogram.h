// Running histograms of each dimension of a code, and weights that favour rare codes.
// Amini et al. 2019 (AIES), section 3.2.
#pragma once

#include <cstdint>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

#include "belamy/group.h"

namespace belamy::models {

using torch::Tensor;

class LatentHistogram : public torch::nn::Module, public ProcessBuffers {
 public:
  /// `bins` equal bins over [-4, 4] for each dimension; the outer ones also count values beyond. All bins
  /// start with equal shares.
  LatentHistogram(std::int64_t dimensions, std::int64_t bins);

  /// Running average: shares = keep * shares + (1 - keep) * shares of `codes` [N, Z].
  void follow(const Tensor& codes, double keep);
  /// [N], sum 1: proportional to the product over dimensions of 1 / (q + alpha), where q is the share of the
  /// code's bin relative to that of the fullest bin.
  Tensor weights(const Tensor& codes, double alpha) const;
  /// [Z, bins], each row sums to 1.
  const Tensor& shares() const { return shares_; }
  std::vector<Tensor> shared_means() const override { return {shares_}; }

 private:
  Tensor bin_of(const Tensor& codes) const;  // [N, Z] int64

  Tensor shares_;
};

}  // namespace belamy::models
