#include "metrics/nearest.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <tuple>
#include <vector>

#include "belamy/error.h"

#include "metrics/pairwise.h"

namespace belamy {
namespace {

using torch::Tensor;

constexpr std::int64_t query_block = 1000;
constexpr std::int64_t train_block_values = 1 << 23;  // 32 MiB of floats for any size of image

Tensor flat_float(const Tensor& images) {
  const Tensor flat = images.flatten(1).to(torch::kFloat);
  return images.scalar_type() == torch::kByte ? flat / 255 : flat;
}

double quantile_of(const Tensor& values, double q) {
  return torch::quantile(values.to(torch::kDouble), q).item<double>();
}

}  // namespace

Nearest nearest_neighbours(const Tensor& images, const Tensor& train) {
  if (images.dim() < 2 || images.sizes().slice(1) != train.sizes().slice(1) || images.numel() < 1 ||
      train.numel() < 1 || images.scalar_type() != train.scalar_type()) {
    throw data_error(
        fmt::format("nearest neighbours need two sets of images of one shape and type, not [{}] and [{}]",
                    fmt::join(images.sizes(), ", "), fmt::join(train.sizes(), ", ")));
  }
  const torch::NoGradGuard no_grad;
  const std::int64_t width = images.numel() / images.size(0);
  const std::int64_t train_block = std::max<std::int64_t>(1, train_block_values / width);
  std::vector<Tensor> distances;
  std::vector<Tensor> indices;
  for (const Tensor& part : images.split(query_block)) {
    const Tensor queries = flat_float(part);
    Tensor best = torch::full({queries.size(0)}, std::numeric_limits<float>::infinity(), queries.options());
    Tensor index = torch::zeros({queries.size(0)}, queries.options().dtype(torch::kLong));
    std::int64_t first = 0;
    for (const Tensor& rows : train.split(train_block)) {
      const auto [values, places] = squared_distances(queries, flat_float(rows)).min(1);
      const Tensor nearer = values < best;
      best = torch::where(nearer, values, best);
      index = torch::where(nearer, places + first, index);
      first += rows.size(0);
    }
    // Computed again without the cancellation of squared_distances, so that a copy has distance 0.
    distances.push_back((queries - flat_float(train.index_select(0, index))).norm(2, 1));
    indices.push_back(index);
  }
  return {torch::cat(distances), torch::cat(indices)};
}

MemorisationReport check_memorisation(const Tensor& samples, const Tensor& train, const Tensor& test) {
  MemorisationReport report;
  report.samples = nearest_neighbours(samples, train);
  const Tensor test_distances = nearest_neighbours(test, train).distances;
  report.median_samples = quantile_of(report.samples.distances, 0.5);
  report.median_test = quantile_of(test_distances, 0.5);
  if (report.median_samples != report.median_test)
    report.median_ratio = report.median_samples / report.median_test;
  const double near = quantile_of(test_distances, 0.01);
  report.share_nearer = (report.samples.distances < near).to(torch::kDouble).mean().item<double>();
  return report;
}

}  // namespace belamy
