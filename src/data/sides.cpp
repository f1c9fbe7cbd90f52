#include "data/sides.h"

#include <algorithm>

namespace belamy {
namespace {

constexpr int kLargestChosen = 64;

}  // namespace

void ImageShapes::add(int width, int height) {
  if (sides_.empty()) {
    width_ = width;
    height_ = height;
  }
  one_size_ = one_size_ && width == width_ && height == height_;
  sides_.push_back(std::min(width, height));
}

void ImageShapes::add(const Image& image) {
  add(image.width, image.height);
  (image.channels == 1 ? gray_ : colour_) = true;
  mixed_ = mixed_ || (gray_ && colour_);
}

void ImageShapes::add(const Dataset& set) {
  if (!set.is_images() || set.count == 0) return;
  add(static_cast<int>(set.width), static_cast<int>(set.height));
  for (const auto& other : set.others) add(other);
}

std::int64_t ImageShapes::size_for(const ImageSides& needs) const {
  if (sides_.empty()) return 0;
  const bool as_needed = (!needs.square || width_ == height_) &&
                         (needs.largest == 0 || std::max(width_, height_) <= needs.largest);
  if (one_size_ && (as_needed || std::min(width_, height_) < needs.smallest)) return 0;
  auto sorted = sides_;
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() + 10) / 20);
  std::nth_element(sorted.begin(), at, sorted.end());
  return std::min(*at, kLargestChosen);
}

}  // namespace belamy
