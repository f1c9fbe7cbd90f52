#include "metrics/completion.h"

#include <algorithm>
#include <torch/types.h>

namespace belamy {
namespace {

// The mean of a value over the unknown pixels of each image: [N].
torch::Tensor mean_in(const torch::Tensor& values, const torch::Tensor& unknown) {
  const auto weights = unknown.expand_as(values).to(values.dtype());
  return (values * weights).flatten(1).sum(1) / weights.flatten(1).sum(1).clamp_min(1);
}

}  // namespace

// Successive over-relaxation of the two colours of a chessboard in turns: each pixel's neighbours are of the other
// colour, so all pixels of one colour can move at once.
torch::Tensor harmonic_fill(const torch::Tensor& images, const torch::Tensor& known) {
  const auto height = images.size(2), width = images.size(3);
  const auto given = (known > 0.5).to(images.dtype());
  const auto mean = (images * given).flatten(2).sum(2) / given.flatten(2).sum(2).clamp_min(1);
  auto x = images * given + mean.unsqueeze(2).unsqueeze(3) * (1 - given);
  const auto colour = (torch::arange(height).unsqueeze(1) + torch::arange(width).unsqueeze(0))
                          .remainder(2)
                          .to(images.dtype());
  constexpr double relaxation = 1.8, precision = 1e-4;
  for (std::int64_t i = 0; i < 20 * std::max(height, width); ++i) {
    const auto before = x;
    for (const double now : {0.0, 1.0}) {
      const auto around = at::replication_pad2d(x, {1, 1, 1, 1});
      const auto part = [&](std::int64_t y, std::int64_t z) {
        return around.slice(2, y, y + height).slice(3, z, z + width);
      };
      const auto neighbours = (part(0, 1) + part(2, 1) + part(1, 0) + part(1, 2)) / 4;
      x = x + relaxation * (neighbours - x) * (1 - given) * (colour == now);
    }
    if ((x - before).abs().max().item<double>() < precision * (2 - relaxation)) break;
  }
  return x;
}

torch::Tensor hole_psnr(const torch::Tensor& made, const torch::Tensor& wanted, const torch::Tensor& known) {
  return -10 * mean_in((made - wanted).square(), known < 0.5).clamp_min(1e-10).log10();
}

torch::Tensor gradient_energy(const torch::Tensor& images, const torch::Tensor& known) {
  const auto unknown = (known < 0.5).expand({images.size(0), 1, images.size(2), images.size(3)});
  const auto along = [&](std::int64_t axis) {
    const auto both = unknown.slice(axis, 1).logical_and(unknown.slice(axis, 0, -1));
    return mean_in((images.slice(axis, 1) - images.slice(axis, 0, -1)).square(), both);
  };
  return along(2) + along(3);
}

torch::Tensor gradient_energy(const torch::Tensor& images) {
  return gradient_energy(images, torch::zeros({1, 1, images.size(2), images.size(3)}, images.device()));
}

}  // namespace belamy
