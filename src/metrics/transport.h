// Optimal transport: the cost of moving one distribution onto another, exact and by two approximations.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

/// How much mass moves from where to where.
struct TransportPlan {
  double cost = 0;     ///< sum of plan * costs, in units of mass times cost
  torch::Tensor plan;  ///< [N, M] f64, at least 0; rows sum to the first masses, columns to the second
};

/// The earth mover's distance (Wasserstein-1 where the costs are a metric): masses [N] and [M] of any real
/// type, at least 0, in one unit, and costs [N, M] of moving one unit of mass -> the cheapest plan. Its cost
/// is unique, the plan may not be.
///
/// Uses LEMON's network simplex on whole numbers, since ties make it unreliable on real ones. Masses that are
/// whole, or all equal on each side, are exact; others are rounded to 2^-50 of the total. Costs are rounded
/// to 2^-59 (N + M) of their spread, which affects only the choice between plans: `cost` is the plan's cost
/// at the true costs. Takes about 60 bytes for each of the N M costs. Data errors: sums of mass that differ
/// by more than 1e-9 of themselves, a sum of 0, negative or non-finite values, wrong shapes. Usage error:
/// more than 2^25 costs.
TransportPlan optimal_transport(const torch::Tensor& from, const torch::Tensor& to,
                                const torch::Tensor& costs);

/// The exact earth mover's distance of two sets of points [N, D] and [M, D] with a total mass of 1 each,
/// equal for all points, and Euclidean costs: Wasserstein-1 in the points' units. Meant for up to about 2,000
/// points a side. Data errors as in `optimal_transport`, and different D.
double earth_movers_distance(const torch::Tensor& x, const torch::Tensor& y);

/// The exact Wasserstein-p distance, p >= 1, of two sets of numbers [N] and [M], in their units: the p-norm
/// of the difference of their quantile functions. Sorts; N and M may differ. Usage error: p < 1.
double wasserstein_1d(const torch::Tensor& x, const torch::Tensor& y, double p = 1);

struct SinkhornOptions {
  /// Weight of the entropy, in units of cost: a small one is closer to the exact plan and needs
  /// more iterations.
  double epsilon = 0.05;
  std::int64_t iterations = 1000;  ///< at most
  double tolerance = 1e-9;         ///< marginal error at which the iterations stop
};

struct SinkhornPlan {
  double cost = 0;              ///< sum of plan * costs, without the entropy
  torch::Tensor plan;           ///< [N, M] f64; its columns sum to the second masses
  double marginal_error = 0;    ///< sum of |row sums - first masses|, divided by the total mass
  std::int64_t iterations = 0;  ///< iterations made
};

/// Transport with entropy: minimises sum of plan * costs + epsilon * KL(plan || from to^T) by Sinkhorn's
/// iterations on the logarithms (Cuturi 2013; Peyre and Cuturi 2019, section 4.4), so that a small epsilon
/// does not underflow. Arguments and data errors as in `optimal_transport`. Usage errors: epsilon not above
/// 0, no iteration.
SinkhornPlan sinkhorn(const torch::Tensor& from, const torch::Tensor& to, const torch::Tensor& costs,
                      const SinkhornOptions& options = {});

struct SlicedOptions {
  double p = 1;
  std::int64_t projections = 128;
  std::uint64_t seed = 1;
};

/// (mean over random directions u of W_p(u.x, u.y)^p)^(1/p) for points [N, D] and [M, D], in their units
/// (Bonneel et al. 2015). Never above Wasserstein-p; in one dimension equal to it. The seed determines
/// the directions. Usage errors: p < 1, no projection.
double sliced_wasserstein(const torch::Tensor& x, const torch::Tensor& y, const SlicedOptions& options = {});

}  // namespace belamy
