#include "models/shared/past_samples.h"

#include <algorithm>
#include <torch/types.h>
#include <torch/utils.h>

namespace belamy::models {

PastSamples::PastSamples(const std::vector<std::int64_t>& sizes) {
  kept_ = register_buffer("kept", torch::zeros(sizes));
  count_ = register_buffer("count", torch::zeros({}, torch::kLong));
}

Tensor PastSamples::exchange(const Tensor& fresh, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  const auto capacity = kept_.size(0), n = std::min(fresh.size(0), capacity);
  const auto images = fresh.narrow(0, 0, n).to(kept_.scalar_type());
  const auto real = torch::TensorOptions().device(fresh.device());
  const auto next = count_ + torch::arange(n, real.dtype(torch::kLong));
  const auto full = count_ >= capacity;
  const auto drawn = torch::rand({capacity}, generator, real).argsort().narrow(0, 0, n);
  // All places of a call differ, so that no write below overwrites another.
  const auto places = at::where(full, drawn, next.remainder(capacity));
  const auto swapped = full & (torch::rand({n}, generator, real) < 0.5);
  const auto stored = swapped | (next < capacity);

  std::vector<std::int64_t> one_each(static_cast<std::size_t>(fresh.dim()), 1);
  one_each[0] = n;
  const auto past = kept_.index_select(0, places);
  auto given = at::where(swapped.view(one_each), past, images);
  kept_.index_copy_(0, places, at::where(stored.view(one_each), images, past));
  count_.add_(n).clamp_max_(capacity);
  if (n == fresh.size(0)) return given;
  return at::cat({given, fresh.narrow(0, n, fresh.size(0) - n)});
}

}  // namespace belamy::models
