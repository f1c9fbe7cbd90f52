#include "metrics/clustering.h"

#include "belamy/error.h"

#include "core/random.h"
#include "core/text.h"
#include "metrics/pairwise.h"
#include "metrics/transport.h"

namespace belamy {

using torch::Tensor;

namespace {

constexpr std::int64_t kClusterBlock = 4096;

// The nearest centre of each datum, and the squared distance to it.
std::pair<Tensor, Tensor> nearest_centres(const Tensor& data, const Tensor& centres) {
  std::vector<Tensor> distances, places;
  for (const auto& rows : data.split(kClusterBlock)) {
    const auto [distance, place] = squared_distances(rows, centres).min(1);
    distances.push_back(distance);
    places.push_back(place);
  }
  return {torch::cat(distances), torch::cat(places)};
}

Tensor first_centres(const Tensor& data, std::int64_t k, bool plus_plus, Random& random) {
  if (!plus_plus) {
    auto order = random.permutation(data.size(0));
    order.resize(static_cast<std::size_t>(k));
    return data.index_select(0, torch::tensor(order));
  }
  const auto at = [&](std::int64_t i) { return data.narrow(0, i, 1); };
  std::vector<Tensor> centres = {
      at(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(data.size(0)))))};
  auto distances = squared_distances(data, centres[0]).squeeze(1);
  while (static_cast<std::int64_t>(centres.size()) < k) {
    // Drawn in proportion to the squared distance to the nearest centre so far; any datum if all are 0.
    const auto sums = distances.to(torch::kDouble).cumsum(0);
    const double target = random.uniform() * sums[-1].item<double>();
    auto place = torch::searchsorted(sums, torch::tensor({target}, torch::kDouble), false, /*right=*/true);
    centres.push_back(at(std::min(place.item<std::int64_t>(), data.size(0) - 1)));
    distances = torch::minimum(distances, squared_distances(data, centres.back()).squeeze(1));
  }
  return torch::cat(centres);
}

Clusters lloyd(const Tensor& data, std::int64_t k, const KMeansOptions& options, Random& random) {
  Clusters result;
  result.centres = first_centres(data, k, options.plus_plus, random);
  auto [distances, assignment] = nearest_centres(data, result.centres);
  for (; result.iterations < options.iterations; ++result.iterations) {
    auto sums = torch::zeros_like(result.centres).index_add_(0, assignment, data);
    const auto counts = torch::bincount(assignment, {}, k);
    // Each empty cluster takes another one of the data that are farthest from their centres.
    const auto empty = (counts == 0).nonzero().squeeze(1);
    if (empty.size(0) > 0) {
      const auto far = std::get<1>(distances.topk(empty.size(0)));
      sums.index_copy_(0, empty, data.index_select(0, far));
    }
    result.centres = sums / counts.clamp_min(1).unsqueeze(1);
    const auto [next_distances, next] = nearest_centres(data, result.centres);
    const bool settled = empty.size(0) == 0 && next.equal(assignment);
    distances = next_distances;
    assignment = next;
    if (settled) break;
  }
  result.assignment = assignment;
  result.inertia = distances.to(torch::kDouble).mean().item<double>();
  return result;
}

}  // namespace

Clusters k_means(const Tensor& given, std::int64_t k, const KMeansOptions& options) {
  const torch::NoGradGuard no_grad;
  check_feature_sets(given, given, 1, "k-means");
  if (k < 1 || k > given.size(0))
    throw usage_error(fmt::format("k-means of {} data into {}", given.size(0), counted(k, "cluster")));
  // Centred, so that squared_distances does not lose precision.
  const auto plain = given.to(torch::kFloat), centre = plain.mean(0, true), data = plain - centre;
  Random random(options.seed);
  Clusters best;
  for (std::int64_t i = 0; i < std::max<std::int64_t>(1, options.restarts); ++i) {
    auto found = lloyd(data, k, options, random);
    if (i == 0 || found.inertia < best.inertia) best = std::move(found);
  }
  best.centres += centre;
  return best;
}

Tensor assign_clusters(const Tensor& data, const Tensor& centres) {
  const torch::NoGradGuard no_grad;
  check_feature_sets(data, centres, 1, "assigning clusters");
  const auto at = centres.to(torch::kFloat), middle = at.mean(0, true);
  return nearest_centres(data.to(torch::kFloat) - middle, at - middle).second;
}

ClusterAccuracy cluster_accuracy(const Tensor& assignment, const Tensor& labels) {
  if (labels.dim() != 1 || assignment.sizes() != labels.sizes() || labels.size(0) < 1 ||
      labels.min().item<std::int64_t>() < 0 || assignment.min().item<std::int64_t>() < 0) {
    throw data_error("the accuracy of clusters needs a cluster and a label for each datum, numbered from 0");
  }
  // counts[cluster, class], made square for the matching.
  const auto side = std::max(assignment.max().item<std::int64_t>(), labels.max().item<std::int64_t>()) + 1;
  const auto counts = torch::bincount(assignment * side + labels, {}, side * side).view({side, side});
  const auto n = static_cast<double>(labels.size(0));
  ClusterAccuracy accuracy;
  accuracy.majority = std::get<0>(counts.max(1)).sum().item<double>() / n;
  const auto ones = torch::ones({side}, torch::kDouble);
  accuracy.one_to_one = -optimal_transport(ones, ones, -counts.to(torch::kDouble)).cost / n;
  return accuracy;
}

}  // namespace belamy
