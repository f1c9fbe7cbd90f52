#include "train/pictures.h"

#include <algorithm>
#include <cmath>

#include "train/batches.h"
#include "train/point_pictures.h"

namespace belamy {
namespace {

constexpr std::int64_t kSampleSeed = 20140610;  // of the latents that every grid of a run shows
constexpr std::int64_t kPoints = 1024;
constexpr std::int64_t kChains = 10, kFrames = 16;

// Whole enlargement that brings a side to about 64 pixels.
int enlargement(std::int64_t side) {
  return static_cast<int>(std::clamp<std::int64_t>(64 / side, 1, 4));
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

Image progress_picture(ModelState& state, std::int64_t count, const Tensor& data) {
  ModelState::Evaluation evaluation(state);
  auto& model = state.model();
  if (auto* sampler = model.sampler()) {
    auto generator = state.generator().clone();
    generator.set_current_seed(kSampleSeed);
    const bool images = state.shape().is_images();
    const auto samples = sampler->sample(images ? count : kPoints, generator);
    if (images) return image_grid(samples);
    if (samples.size(1) > 2) return {};
    return points_picture(samples, data, model.scorer());
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

Image chain_picture(ModelState& state) {
  ModelState::Evaluation evaluation(state);
  auto* sampler = state.model().sampler();
  if (!sampler || !state.shape().is_images()) return {};
  auto generator = state.generator().clone();
  generator.set_current_seed(kSampleSeed);
  const auto frames = sampler->chain(kChains, kFrames, generator);  // [frames, chains, C, H, W]
  if (!frames.defined()) return {};
  return image_grid(frames.transpose(0, 1).flatten(0, 1), kFrames);
}

}  // namespace belamy
