// Which modes of a mixture the samples of a model cover, by the protocol of PacGAN (Lin et al. 2018,
// section 4.1).
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

struct Mixture;

struct ModeCoverage {
  std::int64_t modes = 0;    ///< K
  std::int64_t covered = 0;  ///< modes with at least one high-quality sample
  /// Share of samples within 3 standard deviations (Euclidean) of their nearest centre.
  double high_quality_share = 0;
  std::vector<std::int64_t> counts;  ///< [K] high-quality samples at each mode
  /// KL of `counts` against equal shares, in nats: 0 if all modes are equally frequent, log K if there is
  /// only one, infinity without a high-quality sample.
  double reverse_kl = 0;
};

/// Samples [N, D] and the centres [K, D] of an equally weighted mixture of round Gaussians with one standard
/// deviation, any floating type. 3 deviations hold 98.9 % of a Gaussian in two dimensions, 99.7 % in one.
/// Samples that are not finite are not of high quality. Usage error: a deviation not above 0. Data errors: no
/// sample, no centre, different D.
ModeCoverage mode_coverage(const torch::Tensor& samples, const torch::Tensor& centres, double deviation);
/// The same for the mixture of a data set.
ModeCoverage mode_coverage(const torch::Tensor& samples, const Mixture& mixture);
/// The same for samples whose modes [N] int64, 0 .. count - 1, a classifier has found: all count as of high quality.
/// Data errors: no sample, a mode outside.
ModeCoverage mode_coverage(const torch::Tensor& modes, std::int64_t count);

}  // namespace belamy
