#include "train/augment.h"

#include <array>
#include <cmath>
#include <numbers>
#include <torch/nn/functional/vision.h>
#include <torch/types.h>

#include "tensors/dataset_tensors.h"
#include "train/batches.h"
namespace belamy {
namespace {

// x' = a x + b y + c, y' = d x + e y + f
using AffineMap = std::array<double, 6>;

// The map that applies `q` first, then `p`.
AffineMap after(const AffineMap& p, const AffineMap& q) {
  return {p[0] * q[0] + p[1] * q[3], p[0] * q[1] + p[1] * q[4], p[0] * q[2] + p[1] * q[5] + p[2],
          p[3] * q[0] + p[4] * q[3], p[3] * q[1] + p[4] * q[4], p[3] * q[2] + p[4] * q[5] + p[5]};
}

AffineMap distortion(Random& random) {
  AffineMap map = {1, 0, 0, 0, 1, 0};
  const auto happens = [&] { return random.uniform() < 0.5; };
  if (happens()) {
    const double angle = random.uniform(-10, 10) * std::numbers::pi / 180;
    const double c = std::cos(angle), s = std::sin(angle);
    map = after(map, {c, -s, 0, s, c, 0});
  }
  if (happens()) map = after(map, {1, random.uniform(-0.3, 0.3), 0, random.uniform(-0.3, 0.3), 1, 0});
  if (happens()) map = after(map, {random.uniform(0.8, 1.2), 0, 0, 0, random.uniform(0.8, 1.2), 0});
  constexpr double move = 2 * 2.0 / 105;  // coordinates run from -1 to 1
  if (happens()) map = after(map, {1, 0, random.uniform(-move, move), 0, 1, random.uniform(-move, move)});
  return map;
}

}  // namespace

DataOptions without_augmentation(DataOptions options) {
  options.flip = options.affine = false;
  options.shift = 0;
  return options;
}

Augment::Augment(const DataOptions& options)
    : flip_(options.flip), affine_(options.affine), shift_(options.shift) {}

Tensor Augment::draw(std::int64_t n, std::int64_t height, std::int64_t width, Random& random) const {
  auto maps = torch::empty({n, 2, 3});
  auto* to = maps.data_ptr<float>();
  const auto pixels = [&](std::int64_t side) {
    const auto whole = static_cast<double>(random.below(2 * static_cast<std::uint64_t>(shift_) + 1));
    return 2 * (whole - static_cast<double>(shift_)) / static_cast<double>(side);
  };
  for (std::int64_t i = 0; i < n; ++i) {
    AffineMap map = {1, 0, 0, 0, 1, 0};
    if (affine_) map = distortion(random);
    if (shift_ > 0) {
      const double x = pixels(width), y = pixels(height);
      map = after(map, {1, 0, x, 0, 1, y});
    }
    if (flip_ && random.uniform() < 0.5) map = after(map, {-1, 0, 0, 0, 1, 0});
    for (const double value : map) *to++ = static_cast<float>(value);
  }
  return maps;
}

Tensor Augment::apply(const Tensor& images, const Tensor& maps) {
  namespace F = torch::nn::functional;
  const auto grid =
      F::affine_grid(on_device(maps, images.device()), images.sizes().vec(), /*align_corners=*/false);
  return F::grid_sample(
      images, grid,
      F::GridSampleFuncOptions().mode(torch::kBilinear).padding_mode(torch::kBorder).align_corners(false));
}

}  // namespace belamy
