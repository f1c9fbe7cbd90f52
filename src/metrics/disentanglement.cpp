#include "metrics/disentanglement.h"

#include <algorithm>

#include "belamy/error.h"

namespace belamy {
namespace {

using torch::Tensor;

// Entropy in nats of counts of any shape.
double entropy_of(const Tensor& counts) {
  const auto p = counts.to(torch::kDouble).flatten();
  const auto share = p / p.sum();
  return -at::xlogy(share, share).sum().item<double>();
}

// [N] int64: the bin of each value.
Tensor binned(const Tensor& values, std::int64_t bins) {
  const auto low = values.min(), width = values.max() - low;
  // A constant dimension has all its values in the first bin.
  const auto place = (values - low) / width.clamp_min(1e-300) * static_cast<double>(bins);
  return place.to(torch::kLong).clamp_max(bins - 1);
}

}  // namespace

InformationGap information_gap(const Tensor& codes, const Tensor& factors, std::int64_t bins) {
  if (bins < 2) throw usage_error("a histogram needs at least two bins");
  if (codes.dim() != 2 || factors.dim() != 2 || codes.size(0) != factors.size(0) || codes.numel() == 0)
    throw data_error("the information gap needs codes [N, D] and factors [N, F] of the same data");
  if (!codes.isfinite().all().item<bool>()) throw data_error("a code is not finite");
  if (factors.numel() > 0 && factors.min().item<std::int64_t>() < 0)
    throw data_error("a factor has a negative value");
  const auto values = codes.detach().to(torch::kCPU, torch::kDouble);
  const auto known = factors.to(torch::kCPU, torch::kLong);
  std::vector<Tensor> bins_of;
  for (std::int64_t d = 0; d < values.size(1); ++d) bins_of.push_back(binned(values.select(1, d), bins));

  InformationGap found;
  for (std::int64_t f = 0; f < known.size(1); ++f) {
    const auto factor = known.select(1, f).contiguous();
    const auto levels = factor.max().item<std::int64_t>() + 1;
    const double entropy = entropy_of(torch::bincount(factor));
    if (entropy <= 0) throw data_error("a factor has the same value for all data");
    double first = 0, second = 0;
    std::int64_t dimension = 0;
    for (std::size_t d = 0; d < bins_of.size(); ++d) {
      const auto joint =
          torch::bincount(bins_of[d] * levels + factor, {}, bins * levels).view({bins, levels});
      const double information = std::max(0.0, entropy_of(joint.sum(1)) + entropy - entropy_of(joint));
      if (information > first) {
        second = first;
        first = information;
        dimension = static_cast<std::int64_t>(d);
      } else {
        second = std::max(second, information);
      }
    }
    found.gaps.push_back((first - second) / entropy);
    found.most.push_back(first / entropy);
    found.dimensions.push_back(dimension);
    found.mean += found.gaps.back() / static_cast<double>(known.size(1));
  }
  return found;
}

}  // namespace belamy
