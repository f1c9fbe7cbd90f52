#include "pictures/localisation.h"

#include <algorithm>
#include <cmath>
#include <torch/nn/functional/upsampling.h>

#include "pictures/grids.h"

namespace belamy {
namespace {

constexpr std::int64_t kPictureSide = 128;

// Draws the outline of a box, in pixels of an image that was enlarged, on [3, H, W].
void outline(const Tensor& picture, const Box& box, double factor, at::ArrayRef<double> colour) {
  constexpr std::int64_t kLine = 2;
  const auto height = picture.size(1), width = picture.size(2);
  const auto at = [factor](double place, std::int64_t side) {
    return std::clamp<std::int64_t>(std::llround(place * factor), 0, side);
  };
  const auto left = at(box.left, width), right = at(box.right, width), top = at(box.top, height),
             bottom = at(box.bottom, height);
  const auto fill = [&](std::int64_t x0, std::int64_t x1, std::int64_t y0, std::int64_t y1) {
    for (std::int64_t c = 0; c < 3; ++c)
      picture[c]
          .slice(0, std::max(y0, top), std::min(y1, bottom))
          .slice(1, std::max(x0, left), std::min(x1, right))
          .fill_(colour[static_cast<std::size_t>(c)]);
  };
  fill(left, right, top, top + kLine);
  fill(left, right, bottom - kLine, bottom);
  fill(left, left + kLine, top, bottom);
  fill(right - kLine, right, top, bottom);
}

}  // namespace

Image localisation_picture(const Tensor& images, const Tensor& maps,
                           const std::vector<std::optional<Box>>& found, const std::vector<Box>& known,
                           std::int64_t columns) {
  const auto n = images.size(0), factor = std::max<std::int64_t>(1, kPictureSide / images.size(3));
  const std::vector<std::int64_t> size = {images.size(2) * factor, images.size(3) * factor};
  const auto large = at::upsample_nearest2d(images, size);
  namespace F = torch::nn::functional;
  const auto highest = maps.flatten(1).amax(1).clamp_min(1e-12).view({n, 1, 1});
  const auto shares =
      F::interpolate((maps / highest).unsqueeze(1),
                     F::InterpolateFuncOptions().size(size).mode(torch::kBilinear).align_corners(false));
  const auto below = 0.5 * large.mean(1, /*keepdim=*/true) + 0.5 * heat_colours(shares, 1);
  for (std::int64_t i = 0; i < n; ++i) {
    const auto place = static_cast<std::size_t>(i);
    if (!known.empty()) outline(below[i], known[place], static_cast<double>(factor), {-1, 1, -1});
    if (found[place]) outline(below[i], *found[place], static_cast<double>(factor), {1, 1, 1});
  }
  return rows_picture({large, below}, columns);
}

}  // namespace belamy
