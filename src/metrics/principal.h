// Principal component analysis, and the angle between two subspaces. Double precision.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

struct PrincipalComponents {
  torch::Tensor mean;       ///< [D]
  torch::Tensor variances;  ///< [D], the covariance's eigenvalues (over N, not N - 1), largest first
  torch::Tensor axes;       ///< [K, D], orthonormal, one for each of the K largest
};

/// Of rows [N, D]. Data errors: fewer than 2 rows, K not from 1 to D, values that are not finite.
PrincipalComponents principal_components(const torch::Tensor& rows, std::int64_t k);

/// [N, D] -> the nearest points in the affine space through the mean along the axes, [N, D].
torch::Tensor project(const torch::Tensor& rows, const PrincipalComponents& components);

/// The largest angle between the spaces that the rows of `a` [K, D] and of `b` [K, D] span, in degrees: 0 for
/// the same space. Rows that depend on each other are a data error.
double largest_principal_angle(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace belamy
