// The share of samples on the data's manifold, and of data on the samples' manifold.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

/// A manifold is the union of balls around its points, each with the distance to the point's k-th nearest
/// neighbour in its set as radius. All are shares except density, which may exceed 1; all are about 1 if both
/// sets have the same distribution.
struct ManifoldScores {
  double precision = 0;  ///< samples inside the data's manifold (Kynkaanniemi et al. 2019, eq. 1 and 2)
  double recall = 0;     ///< data inside the samples' manifold
  double density = 0;  ///< mean number of data balls that a sample lies in, over k (Naeem et al. 2020, eq. 3)
  double coverage = 0;  ///< data points whose ball holds a sample (Naeem et al. 2020, eq. 4)
};

/// Features of data [N, D] and samples [M, D], floating. Holds distances of 1,000 rows at a
/// time, never [N, M]. Usage error: k < 1. Data errors: k or fewer rows on a side, different D, values
/// that are not finite.
ManifoldScores manifold_scores(const torch::Tensor& data, const torch::Tensor& samples, std::int64_t k = 5);

/// The coverage to expect of M samples with the distribution of the N data points, whatever it is:
/// 1 - prod (N - 1 - i) / (M + N - 1 - i) for i from 0 to k - 1 (Naeem et al. 2020, eq. 6).
double coverage_of_equals(std::int64_t data, std::int64_t samples, std::int64_t k = 5);

}  // namespace belamy
