#include "pictures/grids.h"

#include <algorithm>
#include <cmath>

#include "tensors/image_tensors.h"

namespace belamy {
namespace {

// Whole enlargement that brings a side to about 64 pixels.
int enlargement(std::int64_t side) {
  return static_cast<int>(std::clamp<std::int64_t>(64 / side, 1, 4));
}

}  // namespace

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

}  // namespace

Image translation_picture(Translator& translator, Direction direction, const Tensor& input,
                          const Tensor& target, std::int64_t columns) {
  std::vector<Tensor> rows = {input, translator.translate(input, direction)};
  const auto back = reversed(direction);
  if (target.defined()) {
    rows.push_back(target);
  } else if (translator.knows(back)) {
    rows.push_back(translator.translate(rows[1], back));
  }
  return rows_picture(std::move(rows), columns);
}

Image rows_picture(std::vector<Tensor> sets, std::int64_t columns) {
  return image_grid(interleave(std::move(sets), columns), columns);
}

Tensor heat_colours(const Tensor& values, double highest) {
  const auto share = 3 * values / std::max(highest, 1e-12);
  return torch::cat({share.clamp(0, 1), (share - 1).clamp(0, 1), (share - 2).clamp(0, 1)}, 1) * 2 - 1;
}

Image reconstruction_picture(const Tensor& original, const Tensor& copy, std::int64_t columns) {
  return rows_picture({original, copy}, columns);
}

}  // namespace belamy
