#include "metrics/diversity.h"

#include <fmt/format.h>

#include "belamy/error.h"

#include "metrics/pairwise.h"

namespace belamy {

using torch::Tensor;

Tensor mean_pairwise_distance(const Tensor& x) {
  if (x.dim() < 2 || x.size(0) < 2) {
    throw data_error(fmt::format("the mean distance over pairs needs at least two images, not a tensor [{}]",
                                 fmt::join(x.sizes(), ", ")));
  }
  const torch::NoGradGuard no_grad;
  const Tensor flat = x.flatten(1).to(torch::kFloat);
  // Centred, so that rounding is relative to the spread and nearly equal images give nearly 0.
  const Tensor centred = flat - flat.mean(0);
  const Tensor pairs = squared_distances(centred, centred).sqrt().triu(1);  // [N, N]
  const double count = 0.5 * static_cast<double>(x.size(0)) * static_cast<double>(x.size(0) - 1);
  return pairs.sum() / count;
}

Tensor diversity_ratio(const Tensor& samples, const Tensor& data) {
  const Tensor spread = mean_pairwise_distance(data);
  return torch::where(spread > 0, mean_pairwise_distance(samples) / spread, torch::ones_like(spread));
}

Tensor variance_within(const Tensor& x, std::int64_t each) {
  return x.flatten(1).view({x.size(0) / each, each, -1}).var(1).mean(1);
}

}  // namespace belamy
