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

namespace {

// Rows of images one below the other: [R, N, C, H, W] in rows of `columns`, all of one size and colour. What
// is missing in the last row is of the background's colour.
Tensor interleave(std::vector<Tensor> rows, std::int64_t columns) {
  std::int64_t channels = 1, side = 1;
  for (const auto& row : rows) {
    channels = std::max(channels, row.size(1));
    side = std::max(side, row.size(3));
  }
  for (auto& row : rows) {
    if (row.size(1) < channels) row = row.expand({row.size(0), channels, row.size(2), row.size(3)});
    if (row.size(3) < side) row = at::upsample_nearest2d(row, {side * row.size(2) / row.size(3), side});
    if (const auto rest = row.size(0) % columns; rest > 0) {
      const auto blank = torch::ones({columns - rest, channels, row.size(2), row.size(3)}, row.options());
      row = torch::cat({row, blank});
    }
    row = row.reshape({row.size(0) / columns, columns, channels, row.size(2), row.size(3)});
  }
  return torch::stack(rows, 1).flatten(0, 2);
}

// Every direction of a translator, one below the other.
Image translations(ModelState& state, Translator& translator, std::int64_t count,
                   const std::vector<Tensor>& domains) {
  constexpr std::int64_t widest = 8;
  std::vector<Image> parts;
  for (const auto& direction : translator.directions()) {
    const std::size_t from = direction.front() == 'b' ? 1 : 0;
    if (from >= domains.size()) continue;
    const auto columns = std::min(widest, domains[from].size(0));
    const auto directions = static_cast<std::int64_t>(translator.directions().size());
    const auto rows =
        std::clamp<std::int64_t>(count / columns / directions / 2, 1, domains[from].size(0) / columns);
    const auto head = [&](std::size_t domain) { return domains[domain].narrow(0, 0, rows * columns); };
    const bool paired = state.shape().relation == Relation::pairs && domains.size() > 1;
    parts.push_back(
        translation_picture(translator, direction, head(from), paired ? head(1 - from) : Tensor(), columns));
  }
  if (parts.empty()) return {};
  auto picture = std::move(parts[0]);
  constexpr int gap = 12;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].width != picture.width || parts[i].channels != picture.channels) continue;
    const auto row = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
    picture.pixels.insert(picture.pixels.end(), gap * row, std::uint8_t{255});
    picture.height += gap + parts[i].height;
    picture.pixels.insert(picture.pixels.end(), parts[i].pixels.begin(), parts[i].pixels.end());
  }
  return picture;
}

}  // namespace

Image translation_picture(Translator& translator, const std::string& direction, const Tensor& input,
                          const Tensor& target, std::int64_t columns) {
  std::vector<Tensor> rows = {input, translator.translate(input, direction)};
  const std::string back = {direction.back(), '2', direction.front()};
  const auto known = translator.directions();
  if (target.defined()) {
    rows.push_back(target);
  } else if (std::find(known.begin(), known.end(), back) != known.end()) {
    rows.push_back(translator.translate(rows[1], back));
  }
  return image_grid(interleave(std::move(rows), columns), columns);
}

Image reconstruction_picture(const Tensor& original, const Tensor& copy, std::int64_t columns) {
  return image_grid(interleave({original, copy}, columns), columns);
}

Image progress_picture(ModelState& state, std::int64_t count, const std::vector<Tensor>& domains) {
  ModelState::Evaluation evaluation(state);
  auto& model = state.model();
  const auto& data = domains.at(0);
  if (auto* translator = model.translator()) return translations(state, *translator, count, domains);
  if (auto* sampler = model.sampler()) {
    auto generator = state.generator().clone();
    generator.set_current_seed(kSampleSeed);
    const bool images = state.shape().is_images();
    const auto samples = sampler->sample({images ? count : kPoints, generator});
    if (images) return image_grid(samples);
    if (samples.size(1) > 2) return {};
    return points_picture(samples, data, model.scorer());
  }
  auto* reconstructor = model.reconstructor();
  if (!reconstructor || !state.shape().is_images()) return {};
  constexpr std::int64_t columns = 8;
  const auto n = std::min(std::max(count / 2 / columns * columns, columns), data.size(0));
  const auto original = data.narrow(0, 0, n);
  return reconstruction_picture(original, reconstructor->reconstruct(original), std::min(columns, n));
}

Image chain_picture(ModelState& state) {
  ModelState::Evaluation evaluation(state);
  auto* sampler = state.model().sampler();
  if (!sampler || !state.shape().is_images()) return {};
  auto generator = state.generator().clone();
  generator.set_current_seed(kSampleSeed);
  const auto frames = sampler->chain({kChains, generator}, kFrames);  // [frames, chains, C, H, W]
  if (!frames.defined()) return {};
  return image_grid(frames.transpose(0, 1).flatten(0, 1), kFrames);
}

}  // namespace belamy
