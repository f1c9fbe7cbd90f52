// The Inception score of a set of images.
#pragma once

#include <cstdint>
#include <torch/types.h>

#include "metrics/kernel_distance.h"

namespace belamy {

/// Logits [N, K] of a classifier -> exp of the mean of KL(p(y|x) || p(y)) in each of `splits` random parts, its mean and
/// deviation over the parts (Salimans et al. 2016, arXiv:1606.03498), as torch-fidelity computes it, with its defaults and the
/// same parts for the same order of rows. Between 1 and K. Data errors: fewer rows than parts, values that are not finite.
MeanAndDeviation inception_score(const torch::Tensor& logits, std::int64_t splits = 10,
                                 std::uint32_t seed = 2020);

}  // namespace belamy
