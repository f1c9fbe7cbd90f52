// How much information a code has about labels: by nearest neighbours, and by a linear classifier.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

/// [N] int64: for each query [N, D] the most frequent label among its k nearest codes [M, D] with labels [M],
/// by Euclidean distance; among equally frequent labels, the one with the nearer neighbours. Usage error: k
/// below 1 or above M. Data errors: those of check_feature_sets, labels that do not fit.
torch::Tensor nearest_labels(const torch::Tensor& queries, const torch::Tensor& codes,
                             const torch::Tensor& labels, std::int64_t k);

struct LinearProbeOptions {
  /// Weight of |W|^2 / 2 beside the mean cross-entropy, for standardised codes.
  double decay = 1e-4;
  std::int64_t iterations = 200;  ///< of L-BFGS, at most
};

/// Multinomial logistic regression, W [K, D] and b [K] on the codes themselves.
struct LinearProbe {
  torch::Tensor weight, bias;  ///< f64
  double loss = 0;             ///< final mean cross-entropy in nats, with the decay's term
  double gradient = 0;         ///< largest entry of its final gradient: near 0 if it converged

  /// [N] int64 for codes [N, D].
  torch::Tensor predict(const torch::Tensor& codes) const;
};

/// Fits codes [N, D], floating, to labels [N] int64 in 0 .. K-1 by full batches. The problem is convex, so
/// the start does not matter. Constant codes get no weight. Data errors: no code, labels that do not fit,
/// values that are not finite.
LinearProbe fit_linear_probe(const torch::Tensor& codes, const torch::Tensor& labels,
                             const LinearProbeOptions& options = {});

}  // namespace belamy
