#include "metrics/gradient_histogram.h"

#include <algorithm>
#include <numbers>
#include <torch/types.h>

namespace belamy {
namespace {

constexpr std::int64_t kDirections = 9;

torch::Tensor unit_rows(const torch::Tensor& x, std::int64_t axis) {
  return x / (x.square().sum(axis, /*keepdim=*/true) + 1e-6).sqrt();
}

}  // namespace

torch::Tensor gradient_histograms(const torch::Tensor& images, std::int64_t cell) {
  const auto gray = at::replication_pad2d(images.mean(1, /*keepdim=*/true), {1, 1, 1, 1});
  const auto height = images.size(2), width = images.size(3);
  const auto part = [&](std::int64_t y, std::int64_t x) {
    return gray.slice(2, y, y + height).slice(3, x, x + width);
  };
  const auto right = part(1, 2) - part(1, 0), down = part(2, 1) - part(0, 1);
  const auto strength = (right.square() + down.square()).sqrt();
  // Half a turn: a dark line on light ground and a light one on dark ground look the same.
  const auto place = at::atan2(down, right).remainder(std::numbers::pi) * (kDirections / std::numbers::pi);
  std::vector<torch::Tensor> planes;
  for (std::int64_t i = 0; i < kDirections; ++i) {
    const auto away = (place - static_cast<double>(i)).abs();
    const auto distance = at::minimum(away, kDirections - away);
    planes.push_back(strength * (1 - distance).clamp_min(0));
  }
  const auto stride = std::max<std::int64_t>(1, cell / 2);
  const auto cells = at::avg_pool2d(at::cat(planes, 1), {cell, cell}, {stride, stride});
  return unit_rows(unit_rows(cells, 1).flatten(1), 1);
}

double recall_at(std::int64_t k, const torch::Tensor& queries, const torch::Tensor& gallery) {
  const auto likeness = at::mm(queries, gallery.t());
  const auto better = (likeness > likeness.diagonal().unsqueeze(1)).sum(1);
  return (better < k).to(torch::kDouble).mean().item<double>();
}

}  // namespace belamy
