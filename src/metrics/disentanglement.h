// Whether single dimensions of a code stand for single factors of the data.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

/// The mutual information gap of Chen et al. 2018 (arXiv:1802.04942), with histograms as in Locatello et al. 2019
/// (arXiv:1811.12359): for each factor the mutual information with the dimension that has most of it, minus that with
/// the second best, divided by the factor's entropy. 1: one dimension determines the factor, and no other
/// dimension has information on it. 0: the two best dimensions have equally much.
struct InformationGap {
  double mean = 0;                       ///< over factors
  std::vector<double> gaps;              ///< [F]
  std::vector<double> most;              ///< [F], largest mutual information over the factor's entropy
  std::vector<std::int64_t> dimensions;  ///< [F], the dimension that has it
};

/// Codes [N, D], floating, and factors [N, F] int64, each 0 or more. A dimension is counted in `bins` equal bins between
/// its least and its greatest value. If there is only one dimension, the second counts as 0. The estimate is
/// too high by about (bins - 1)(values - 1) / 2N nats a dimension. Usage error: fewer than 2 bins. Data
/// errors: no code, different N, values that are not finite, negative factors, a factor with one value.
InformationGap information_gap(const torch::Tensor& codes, const torch::Tensor& factors,
                               std::int64_t bins = 20);

}  // namespace belamy
