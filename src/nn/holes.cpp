#include "nn/holes.h"

#include <algorithm>
#include <numbers>
#include <torch/types.h>

namespace belamy::nn {
namespace {

// Uniform draws [N, 1, 1, 1] on the generator's device.
Tensor draws(std::int64_t n, double low, double high, at::Generator generator) {
  return torch::rand({n, 1, 1, 1}, generator, torch::TensorOptions().device(generator.device()))
      .mul_(high - low)
      .add_(low);
}

struct Places {
  Tensor y, x;  // [1, 1, H, 1] and [1, 1, 1, W]: the middles of the pixels
};

Places places(std::int64_t height, std::int64_t width, torch::Device device) {
  const auto options = torch::TensorOptions().device(device);
  return {torch::arange(height, options).to(torch::kFloat).view({1, 1, -1, 1}) + 0.5,
          torch::arange(width, options).to(torch::kFloat).view({1, 1, 1, -1}) + 0.5};
}

}  // namespace

Tensor centre_known(std::int64_t height, std::int64_t width) {
  const auto high = std::max<std::int64_t>(1, height / 2), wide = std::max<std::int64_t>(1, width / 2);
  auto known = torch::ones({1, 1, height, width});
  known.narrow(2, (height - high) / 2, high).narrow(3, (width - wide) / 2, wide).fill_(0);
  return known;
}

Tensor boxes_known(std::int64_t n, std::int64_t height, std::int64_t width, at::Generator generator) {
  const auto [y, x] = places(height, width, generator.device());
  const auto outside = [&](const Tensor& place, std::int64_t side) {
    const auto length = (draws(n, 0.25, 0.5, generator) * static_cast<double>(side)).round().clamp_min(1);
    const auto first = (draws(n, 0, 1, generator) * (static_cast<double>(side) - length)).round();
    return (place < first).logical_or(place > first + length);
  };
  return outside(y, height).logical_or(outside(x, width)).to(torch::kFloat);
}

Tensor strokes_known(std::int64_t n, std::int64_t height, std::int64_t width, at::Generator generator) {
  constexpr int strokes = 6;
  const auto [y, x] = places(height, width, generator.device());
  const auto side = static_cast<double>(std::max(height, width));
  const auto radius = draws(n, side / 40, side / 20, generator).clamp_min(0.75);
  auto from_y = draws(n, 0, static_cast<double>(height), generator),
       from_x = draws(n, 0, static_cast<double>(width), generator);
  auto known = torch::ones({n, 1, height, width}, y.options());
  for (int i = 0; i < strokes; ++i) {
    const auto angle = draws(n, 0, 2 * std::numbers::pi, generator);
    const auto length = draws(n, side / 10, side / 3, generator);
    const auto to_y = (from_y + length * angle.sin()).clamp(0, static_cast<double>(height)),
               to_x = (from_x + length * angle.cos()).clamp(0, static_cast<double>(width));
    // The distance of each pixel from the stroke.
    const auto dy = to_y - from_y, dx = to_x - from_x;
    const auto along =
        (((y - from_y) * dy + (x - from_x) * dx) / (dy * dy + dx * dx).clamp_min(1e-6)).clamp(0, 1);
    const auto distance = ((y - from_y - along * dy).square() + (x - from_x - along * dx).square()).sqrt();
    known = known * (distance > radius).to(torch::kFloat);
    from_y = to_y;
    from_x = to_x;
  }
  return known;
}

}  // namespace belamy::nn
