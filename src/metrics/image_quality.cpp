#include "metrics/image_quality.h"

#include <algorithm>
#include <torch/nn/functional/conv.h>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy {
namespace {

void check_images(const torch::Tensor& a, const torch::Tensor& b) {
  if (a.dim() != 4 || a.sizes() != b.sizes())
    throw data_error("images that are compared must be [N, C, H, W] and of one shape");
}

}  // namespace

torch::Tensor mean_absolute_error(const torch::Tensor& a, const torch::Tensor& b) {
  check_images(a, b);
  return (a - b).abs().flatten(1).mean(1);
}

torch::Tensor peak_signal_to_noise(const torch::Tensor& a, const torch::Tensor& b) {
  check_images(a, b);
  return -10 * (a - b).square().flatten(1).mean(1).clamp_min(1e-10).log10();
}

torch::Tensor luma(const torch::Tensor& images) {
  if (images.size(1) == 1) return images;
  const auto weights = torch::tensor({65.481, 128.553, 24.966}, images.options()).view({1, 3, 1, 1});
  return ((images * weights).sum(1, true) + 16) / 255;
}

// In double precision, since a variance is the small difference of two means.
torch::Tensor structural_similarity(const torch::Tensor& first, const torch::Tensor& second) {
  check_images(first, second);
  const auto a = first.to(torch::kDouble), b = second.to(torch::kDouble);
  const auto channels = a.size(1);
  const auto side = std::min<std::int64_t>({11, a.size(2), a.size(3)});
  const auto places = torch::arange(side, a.options()) - static_cast<double>(side - 1) / 2;
  auto line = (-places.square() / (2 * 1.5 * 1.5)).exp();
  line = line / line.sum();
  const auto window = torch::outer(line, line).expand({channels, 1, side, side}).contiguous();
  const auto blur = [&](const torch::Tensor& x) {
    return torch::nn::functional::conv2d(x, window,
                                         torch::nn::functional::Conv2dFuncOptions().groups(channels));
  };
  const auto mean_a = blur(a), mean_b = blur(b);
  const auto var_a = blur(a * a) - mean_a.square(), var_b = blur(b * b) - mean_b.square();
  const auto covariance = blur(a * b) - mean_a * mean_b;
  constexpr double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
  const auto map = (2 * mean_a * mean_b + c1) * (2 * covariance + c2) /
                   ((mean_a.square() + mean_b.square() + c1) * (var_a + var_b + c2));
  return map.flatten(1).mean(1).to(torch::kFloat);
}

}  // namespace belamy
