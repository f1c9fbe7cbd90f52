#include "metrics/modes.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <span>
#include <tuple>

#include "belamy/error.h"

#include "data/dataset.h"
#include "metrics/divergence.h"

namespace belamy {

using torch::Tensor;

namespace {

// From the samples at each mode, all of high quality.
ModeCoverage coverage_of(const Tensor& counts) {
  ModeCoverage coverage;
  coverage.modes = counts.size(0);
  coverage.covered = counts.gt(0).sum().item<std::int64_t>();
  coverage.high_quality_share = 1;
  coverage.counts.assign(counts.data_ptr<std::int64_t>(), counts.data_ptr<std::int64_t>() + counts.numel());
  const Tensor shares = counts.to(torch::kDouble), equal = torch::ones_like(shares);
  const auto span = [](const Tensor& t) {
    return std::span<const double>(t.data_ptr<double>(), static_cast<std::size_t>(t.numel()));
  };
  coverage.reverse_kl = coverage.covered > 0 ? kl_divergence(span(shares), span(equal))
                                             : std::numeric_limits<double>::infinity();
  return coverage;
}

}  // namespace

ModeCoverage mode_coverage(const Tensor& samples, const Tensor& centres, double deviation) {
  if (!(deviation > 0)) throw usage_error("the modes of a mixture need a standard deviation above 0");
  if (samples.dim() != 2 || centres.dim() != 2 || samples.size(1) != centres.size(1) || samples.numel() < 1 ||
      centres.numel() < 1) {
    throw data_error(fmt::format("counting modes needs samples [N, D] and centres [K, D], not [{}] and [{}]",
                                 fmt::join(samples.sizes(), ", "), fmt::join(centres.sizes(), ", ")));
  }
  const torch::NoGradGuard no_grad;
  const Tensor points = samples.to(torch::kCPU, torch::kDouble), at = centres.to(torch::kCPU, torch::kDouble);
  // Without matrix products: 3 deviations may be small against the centres' distance from 0.
  const auto [distances, nearest] = torch::cdist(points, at, 2, 2).min(1);
  const Tensor good = distances <= 3 * deviation;  // false for NaN
  const Tensor counts = torch::bincount(nearest.masked_select(good), {}, centres.size(0));

  auto coverage = coverage_of(counts);
  coverage.high_quality_share = good.to(torch::kDouble).mean().item<double>();
  return coverage;
}

ModeCoverage mode_coverage(const Tensor& modes, std::int64_t count) {
  if (modes.dim() != 1 || modes.numel() < 1)
    throw data_error("counting modes needs the modes [N] of samples");
  const auto found = modes.to(torch::kCPU, torch::kLong);
  if (found.min().item<std::int64_t>() < 0 || found.max().item<std::int64_t>() >= count)
    throw data_error(fmt::format("a sample has a mode outside 0 .. {}", count - 1));
  return coverage_of(torch::bincount(found, {}, count));
}

ModeCoverage mode_coverage(const Tensor& samples, const Mixture& mixture) {
  const Tensor centres = torch::tensor(mixture.centres, torch::kDouble).view({-1, mixture.dimension});
  return mode_coverage(samples, centres, mixture.deviation);
}

}  // namespace belamy
