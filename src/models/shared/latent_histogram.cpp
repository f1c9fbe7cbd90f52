#include "models/shared/latent_histogram.h"

#include <torch/types.h>
#include <torch/utils.h>

namespace belamy::models {
namespace {

constexpr double kEnd = 4;  // in standard deviations of the prior

}  // namespace

LatentHistogram::LatentHistogram(std::int64_t dimensions, std::int64_t bins) {
  shares_ = register_buffer("shares", torch::full({dimensions, bins}, 1 / static_cast<double>(bins)));
}

Tensor LatentHistogram::bin_of(const Tensor& codes) const {
  const auto bins = shares_.size(1);
  const auto place = (codes + kEnd) * (static_cast<double>(bins) / (2 * kEnd));
  return place.floor().to(torch::kLong).clamp(0, bins - 1);
}

void LatentHistogram::follow(const Tensor& codes, double keep) {
  const torch::NoGradGuard no_grad;
  const auto present = at::one_hot(bin_of(codes), shares_.size(1)).to(torch::kFloat).mean(0);
  shares_.lerp_(present, 1 - keep);
}

Tensor LatentHistogram::weights(const Tensor& codes, double alpha) const {
  const torch::NoGradGuard no_grad;
  const auto relative = shares_ / std::get<0>(shares_.max(1, true));
  const auto q = relative.gather(1, bin_of(codes).t());  // [Z, N]
  return at::softmax(-(q + alpha).log().sum(0), 0);
}

}  // namespace belamy::models
