// Several pictures on one.
#include <algorithm>
#include <fmt/format.h>

#include "belamy/error.h"

#include "data/image.h"

namespace belamy {
namespace {

constexpr std::int64_t kMostPixels = std::int64_t{1} << 28;  // as decode_image
constexpr int kMostGap = 1024;                               // keeps the arithmetic far from overflow
constexpr int kMostScale = 1024;

void check_grid(const std::vector<Image>& images, int columns, int gap, int scale) {
  if (images.empty()) throw data_error("a contact sheet needs at least one image");
  if (columns < 1 || gap < 0 || gap > kMostGap || scale < 1 || scale > kMostScale) {
    throw data_error(fmt::format("contact sheet: {} columns, gap {}, scale {}", columns, gap, scale),
                     fmt::format("use at least one column, a gap of 0 to {} and a scale of 1 to {}", kMostGap,
                                 kMostScale));
  }
  const Image& first = images.front();
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Image& image = images[i];
    if (image.width != first.width || image.height != first.height || image.channels != first.channels) {
      throw data_error(fmt::format("contact sheet: image {} is {}x{}x{}, the first is {}x{}x{}", i,
                                   image.width, image.height, image.channels, first.width, first.height,
                                   first.channels));
    }
    if (image.width < 1 || image.height < 1 || (image.channels != 1 && image.channels != 3) ||
        image.pixels.size() != static_cast<std::uint64_t>(image.width) *
                                   static_cast<std::uint64_t>(image.height) *
                                   static_cast<std::uint64_t>(image.channels)) {
      throw data_error(fmt::format("contact sheet: image {} is not a whole gray or RGB image", i));
    }
  }
}

/// Pixels along one side: `count` cells with gaps between them.
std::int64_t extent(std::int64_t count, std::int64_t cell, std::int64_t gap) {
  return count * cell + (count - 1) * gap;
}

}  // namespace

Image contact_sheet(const std::vector<Image>& images, int columns, int gap, int scale,
                    std::uint8_t background) {
  check_grid(images, columns, gap, scale);
  const Image& first = images.front();
  const auto count = static_cast<std::int64_t>(images.size());
  const std::int64_t across = std::min<std::int64_t>(columns, count);
  const std::int64_t down = (count + across - 1) / across;
  const std::int64_t cell_width = std::int64_t{first.width} * scale;
  const std::int64_t cell_height = std::int64_t{first.height} * scale;
  const std::int64_t width = extent(across, cell_width, gap);
  const std::int64_t height = extent(down, cell_height, gap);
  if (width > kMostPixels / height) {
    throw data_error(fmt::format("contact sheet: {}x{} pixels are too many", width, height),
                     "use fewer images, or a smaller scale");
  }

  Image sheet;
  sheet.width = static_cast<int>(width);
  sheet.height = static_cast<int>(height);
  sheet.channels = first.channels;
  const std::int64_t channels = first.channels;
  sheet.pixels.assign(static_cast<std::size_t>(width * height * channels), background);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t left = i % across * (cell_width + gap);
    const std::int64_t top = i / across * (cell_height + gap);
    const std::uint8_t* source = images[static_cast<std::size_t>(i)].pixels.data();
    for (std::int64_t y = 0; y < cell_height; ++y) {
      std::uint8_t* target = sheet.pixels.data() + ((top + y) * width + left) * channels;
      const std::uint8_t* row = source + y / scale * first.width * channels;
      for (std::int64_t x = 0; x < cell_width; ++x) {
        target = std::copy_n(row + x / scale * channels, channels, target);
      }
    }
  }
  return sheet;
}

}  // namespace belamy
