// The Frechet distance between two sets of features, each taken as a Gaussian.
#pragma once

#include <torch/types.h>

namespace belamy {

/// Features [N, D] and [M, D], any floating type -> the squared Frechet (2-Wasserstein) distance of the
/// Gaussians with their means and covariances (divided by N-1), in squared units of the features, at least 0,
/// computed in double:
///
///   |m1 - m2|^2 + tr(S1 + S2 - 2 (S1^1/2 S2 S1^1/2)^1/2)        (Dowson and Landau 1982; Heusel et al. 2017,
///   eq. 6)
///
/// The estimate is biased upwards, more so with fewer rows: compare only values of equal N and M.
/// Data errors: fewer than 2 rows, different D, values that are not finite.
double frechet_distance(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace belamy
