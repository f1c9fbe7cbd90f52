#include "metrics/precision_recall.h"

#include <limits>
#include <tuple>
#include <vector>

#include "belamy/error.h"

#include "metrics/pairwise.h"

namespace belamy {
namespace {

using torch::Tensor;

constexpr std::int64_t kNeighbourBlock = 1000;

double mean_of(const Tensor& values) {
  return values.to(torch::kDouble).mean().item<double>();
}

// [N, D] -> [N] squared distance of every point to its k-th nearest neighbour other than itself.
Tensor squared_radii(const Tensor& points, std::int64_t k) {
  std::vector<Tensor> radii;
  std::int64_t first = 0;
  for (const Tensor& rows : points.split(kNeighbourBlock)) {
    Tensor distances = squared_distances(rows, points);
    // The point itself is excluded by index, since its computed distance may not be exactly 0.
    distances.diagonal(first).fill_(std::numeric_limits<double>::infinity());
    radii.push_back(std::get<0>(distances.kthvalue(k, 1)));
    first += rows.size(0);
  }
  return torch::cat(radii);
}

}  // namespace

ManifoldScores manifold_scores(const Tensor& data, const Tensor& samples, std::int64_t k) {
  if (k < 1) throw usage_error("precision and recall need at least one neighbour (k >= 1)");
  check_feature_sets(data, samples, k + 1, "precision and recall");
  const torch::NoGradGuard no_grad;
  // Centred, because squared_distances loses digits to large norms.
  const Tensor centre = data.mean(0);
  const Tensor real = data - centre;
  const Tensor fake = samples - centre;
  const Tensor real_radii = squared_radii(real, k);
  const Tensor fake_radii = squared_radii(fake, k);

  Tensor balls_of_sample = torch::zeros({fake.size(0)}, real.options().dtype(torch::kLong));
  std::vector<Tensor> recalled;
  std::vector<Tensor> covered;
  std::int64_t first = 0;
  for (const Tensor& rows : real.split(kNeighbourBlock)) {
    const Tensor distances = squared_distances(rows, fake);  // [rows, M]
    const Tensor in_real_ball = distances <= real_radii.narrow(0, first, rows.size(0)).unsqueeze(1);
    balls_of_sample += in_real_ball.sum(0);
    covered.push_back(in_real_ball.any(1));
    recalled.push_back((distances <= fake_radii).any(1));
    first += rows.size(0);
  }
  ManifoldScores scores;
  scores.precision = mean_of(balls_of_sample > 0);
  scores.recall = mean_of(torch::cat(recalled));
  scores.density = mean_of(balls_of_sample) / static_cast<double>(k);
  scores.coverage = mean_of(torch::cat(covered));
  return scores;
}

double coverage_of_equals(std::int64_t data, std::int64_t samples, std::int64_t k) {
  double missed = 1;
  for (std::int64_t i = 0; i < k; ++i)
    missed *= static_cast<double>(data - 1 - i) / static_cast<double>(samples + data - 1 - i);
  return 1 - missed;
}

}  // namespace belamy
