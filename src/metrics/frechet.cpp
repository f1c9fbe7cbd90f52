#include "metrics/frechet.h"

#include <algorithm>
#include <tuple>

#include "metrics/pairwise.h"

namespace belamy {
namespace {

using torch::Tensor;

struct FittedGaussian {
  Tensor mean;        // [D]
  Tensor covariance;  // [D, D]
};

FittedGaussian fit(const Tensor& features) {
  const Tensor x = features.to(torch::kCPU, torch::kDouble);
  const Tensor mean = x.mean(0);
  const Tensor centred = x - mean;
  return {mean, centred.t().mm(centred) / static_cast<double>(x.size(0) - 1)};
}

// Rounding leaves tiny negative eigenvalues if a covariance is singular, as with fewer rows than features.
Tensor square_root(const Tensor& symmetric) {
  const auto [values, vectors] = torch::linalg_eigh(symmetric, "L");
  return (vectors * values.clamp_min(0).sqrt()).mm(vectors.t());
}

}  // namespace

double frechet_distance(const Tensor& a, const Tensor& b) {
  check_feature_sets(a, b, 2, "the Frechet distance");
  const torch::NoGradGuard no_grad;
  const FittedGaussian p = fit(a);
  const FittedGaussian q = fit(b);
  const Tensor root = square_root(p.covariance);
  const Tensor product = root.mm(q.covariance).mm(root);
  // The trace of a root is the sum of the roots of the eigenvalues, so that no second root is needed.
  const Tensor shared = torch::linalg_eigvalsh(product, "L").clamp_min(0).sqrt().sum();
  const Tensor distance =
      (p.mean - q.mean).square().sum() + p.covariance.trace() + q.covariance.trace() - 2 * shared;
  return std::max(0.0, distance.item<double>());
}

}  // namespace belamy
