#include "metrics/one_shot.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "belamy/error.h"

namespace belamy {

using torch::Tensor;

OneShot one_shot_accuracy(const std::vector<Tensor>& right) {
  if (right.empty()) throw data_error("one-shot accuracy needs at least one episode");
  OneShot found;
  std::vector<double> shares;
  for (const auto& episode : right) {
    shares.push_back(episode.to(torch::kDouble).mean().item<double>());
    found.right += episode.sum().item<std::int64_t>();
    found.trials += episode.numel();
  }
  const auto n = static_cast<double>(found.trials);
  found.accuracy = static_cast<double>(found.right) / n;
  const auto episodes = static_cast<double>(shares.size());
  found.standard_error =
      shares.size() > 1 ? torch::tensor(shares, torch::kDouble).std().item<double>() / std::sqrt(episodes)
                        : std::sqrt(found.accuracy * (1 - found.accuracy) / n);
  return found;
}

Tensor most_alike_is_right(const Tensor& similarity, const Tensor& query_classes,
                           const Tensor& support_classes) {
  return support_classes.index_select(0, similarity.argmax(1)) == query_classes;
}

std::vector<double> recall_at(const std::vector<std::int64_t>& k, const Tensor& similarity,
                              const Tensor& query_labels, const Tensor& labels) {
  const auto n = similarity.size(1);
  if (query_labels.size(0) != similarity.size(0) || labels.size(0) != n)
    throw data_error("recall needs one similarity for each pair of labels");
  const auto order = similarity.argsort(/*stable=*/true, 1, /*descending=*/true);
  const auto right = (labels.unsqueeze(0) == query_labels.unsqueeze(1)).gather(1, order);
  std::vector<double> recalls;
  for (const auto each : k) {
    if (each < 1) throw data_error(fmt::format("recall at {}: k must be 1 or more", each));
    recalls.push_back(right.narrow(1, 0, std::min(each, n)).any(1).to(torch::kDouble).mean().item<double>());
  }
  return recalls;
}

Tensor pixel_cosines(const Tensor& a, const Tensor& b) {
  const auto sum = a.sum() + b.sum();
  const bool light = sum.item<double>() > 127.5 * static_cast<double>(a.numel() + b.numel());
  const auto unit = [&](const Tensor& images) {
    const auto rows = (light ? 255 - images : images).flatten(1).to(torch::kDouble);
    return rows / rows.norm(2, 1, true).clamp_min(1e-12);
  };
  return at::mm(unit(a), unit(b).t());
}

namespace {

// [n, 2], rows and columns of the ink, relative to their mean.
std::vector<Tensor> inks(const Tensor& images) {
  std::vector<Tensor> all;
  for (std::int64_t i = 0; i < images.size(0); ++i) {
    const auto points = (images[i] < 128).nonzero().to(torch::kDouble);
    if (points.size(0) == 0) throw data_error("modified Hausdorff distance: an image without ink");
    all.push_back((points - points.mean(0, true)).contiguous());
  }
  return all;
}

// One pass over all pairs of points, a few hundred on each side.
double hausdorff(const Tensor& a, const Tensor& b) {
  const auto n = static_cast<std::size_t>(a.size(0)), m = static_cast<std::size_t>(b.size(0));
  const auto *from = a.data_ptr<double>(), *to = b.data_ptr<double>();
  constexpr auto kFar = std::numeric_limits<double>::infinity();
  std::vector<double> to_nearest(m, kFar);  // squared
  double from_sum = 0, to_sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    double nearest = kFar;
    for (std::size_t j = 0; j < m; ++j) {
      const double down = from[2 * i] - to[2 * j], across = from[2 * i + 1] - to[2 * j + 1];
      const double squared = down * down + across * across;
      nearest = std::min(nearest, squared);
      to_nearest[j] = std::min(to_nearest[j], squared);
    }
    from_sum += std::sqrt(nearest);
  }
  for (const double squared : to_nearest) to_sum += std::sqrt(squared);
  return std::max(from_sum / static_cast<double>(n), to_sum / static_cast<double>(m));
}

}  // namespace

Tensor modified_hausdorff(const Tensor& a, const Tensor& b) {
  const auto from = inks(a), to = inks(b);
  const auto n = static_cast<std::int64_t>(from.size()), m = static_cast<std::int64_t>(to.size());
  auto distances = torch::empty({n, m}, torch::kDouble);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < m; ++j)
      distances.data_ptr<double>()[i * m + j] =
          hausdorff(from[static_cast<std::size_t>(i)], to[static_cast<std::size_t>(j)]);
  }
  return distances;
}

}  // namespace belamy
