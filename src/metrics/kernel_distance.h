// KID: the kernel distance between two sets of features.
#pragma once

#include <cstdint>
#include <functional>
#include <torch/types.h>

namespace belamy {

/// The mean of a figure over random parts of the data, and the standard deviation over these parts (divided by their number).
struct MeanAndDeviation {
  double mean = 0, deviation = 0;
};

struct KernelDistanceOptions {
  std::int64_t subsets = 100, size = 1000;
  std::uint32_t seed = 2020;
  std::function<void(std::int64_t)> progress = {};  ///< receives the number of subsets done
};

/// Features [N, D] and [M, D], any floating type -> the unbiased estimate of the squared maximum mean discrepancy with the
/// kernel (x.y / D + 1)^3 (Binkowski et al. 2018, arXiv:1801.01401), over pairs of random subsets without replacement, as
/// torch-fidelity computes it, with its defaults and the same subsets for the same order of rows. Computed in double. It may
/// be a little below 0 for equal distributions. Data errors: fewer rows than `size` on a side, different D, values that are not
/// finite.
MeanAndDeviation kernel_distance(const torch::Tensor& a, const torch::Tensor& b,
                                 const KernelDistanceOptions& options = {});

}  // namespace belamy
