#include "train/pictures.h"

#include <algorithm>
#include <cmath>

#include "train/batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kSampleSeed = 20140610;  // of the latents that every grid of a run shows
constexpr int kPlotSide = 512;

// Whole enlargement that brings a side to about 64 pixels.
int enlargement(std::int64_t side) {
  return static_cast<int>(std::clamp<std::int64_t>(64 / side, 1, 4));
}

void paint(Image& image, double x, double y, int radius, const std::array<int, 3>& colour) {
  const int cx = static_cast<int>(std::lround(x)), cy = static_cast<int>(std::lround(y));
  for (int py = cy - radius; py <= cy + radius; ++py) {
    for (int px = cx - radius; px <= cx + radius; ++px) {
      if (px < 0 || py < 0 || px >= image.width || py >= image.height) continue;
      for (int c = 0; c < 3; ++c) {
        image.pixels[static_cast<std::size_t>((py * image.width + px) * 3 + c)] =
            static_cast<std::uint8_t>(colour[static_cast<std::size_t>(c)]);
      }
    }
  }
}

}  // namespace

std::vector<Image> to_images(const Tensor& images) {
  const auto bytes = to_bytes(images.detach().cpu()).permute({0, 2, 3, 1}).contiguous();  // [N, H, W, C]
  std::vector<Image> all;
  const auto size = static_cast<std::size_t>(bytes.numel() / std::max<std::int64_t>(bytes.size(0), 1));
  for (std::int64_t i = 0; i < bytes.size(0); ++i) {
    const auto* from = bytes.data_ptr<std::uint8_t>() + static_cast<std::size_t>(i) * size;
    all.push_back({static_cast<int>(bytes.size(2)),
                   static_cast<int>(bytes.size(1)),
                   static_cast<int>(bytes.size(3)),
                   {from, from + size}});
  }
  return all;
}

Image image_grid(const Tensor& images, std::int64_t columns) {
  const auto all = to_images(images);
  if (columns == 0)
    columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(all.size()))));
  return contact_sheet(all, static_cast<int>(columns), 2, enlargement(images.size(3)));
}

Image scatter_plot(const Tensor& points, const Tensor& data) {
  const auto real = data.detach().cpu().to(torch::kFloat).contiguous();
  const auto fake = points.detach().cpu().to(torch::kFloat).contiguous();
  const auto low = std::get<0>(real.min(0)), high = std::get<0>(real.max(0));
  const auto span = (high - low).clamp_min(1e-6) * 1.3, middle = (high + low) * 0.5;
  Image plot{kPlotSide, kPlotSide, 3, std::vector<std::uint8_t>(kPlotSide * kPlotSide * 3, 255)};
  const auto draw = [&](const Tensor& set, int radius, const std::array<int, 3>& colour) {
    const auto place = (((set - middle) / span + 0.5) * (kPlotSide - 1)).contiguous();
    const auto at = place.accessor<float, 2>();
    for (std::int64_t i = 0; i < at.size(0); ++i) {
      if (std::isfinite(at[i][0]) && std::isfinite(at[i][1]))
        paint(plot, at[i][0], kPlotSide - 1 - at[i][1], radius, colour);
    }
  };
  draw(real, 1, {190, 190, 190});
  draw(fake, 1, {31, 119, 180});
  return plot;
}

Image progress_picture(ModelState& state, std::int64_t count, const Tensor& data) {
  ModelState::Evaluation evaluation(state);
  auto& model = state.model();
  if (auto* sampler = model.sampler()) {
    auto generator = state.generator().clone();
    generator.set_current_seed(kSampleSeed);
    const bool images = state.shape().is_images();
    const auto samples = sampler->sample(images ? count : 1024, generator);
    if (images) return image_grid(samples);
    return samples.size(1) == 2 ? scatter_plot(samples, data) : Image{};
  }
  auto* reconstructor = model.reconstructor();
  if (!reconstructor || !state.shape().is_images()) return {};
  // Original above reconstruction, eight pairs a row of two.
  const auto n = std::min<std::int64_t>(std::max<std::int64_t>(count / 2 / 8 * 8, 8), data.size(0) / 8 * 8);
  if (n == 0) return {};
  const auto original = data.narrow(0, 0, n);
  const auto copy = reconstructor->reconstruct(original);
  auto sizes = original.sizes().vec();
  sizes[0] = 2 * n;
  const auto rows = torch::stack({original.view({n / 8, 8, sizes[1], sizes[2], sizes[3]}),
                                  copy.view({n / 8, 8, sizes[1], sizes[2], sizes[3]})},
                                 1);
  return image_grid(rows.reshape(sizes), 8);
}

}  // namespace belamy
