#include "data/sides.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <set>

#include "core/text.h"

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
  std::sort(sorted.begin(), sorted.end());
  const auto at = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() + 10) / 20);
  const auto usable = std::lower_bound(at, sorted.end(), kTinySide);
  return std::min(usable == sorted.end() ? *at : *usable, kLargestChosen);
}

std::optional<Problem> ImageShapes::misfit(const ImageShapes& test, const std::string& source) const {
  if (sides_.empty() || test.sides_.empty()) return {};
  const bool same_size = test.one_size_ && test.width_ == width_ && test.height_ == height_;
  if (one_size_ && !same_size) {
    return Problem{
        source, fmt::format("not all test images are {}x{}, as the training images are", width_, height_),
        fmt::format("set data.size={}, or give all images one size", std::min(width_, height_)), 0};
  }
  if (gray_ != colour_ && (test.gray_ != gray_ || test.colour_ != colour_)) {
    return Problem{source,
                   gray_ ? "some test images are in colour, but the training images are gray"
                         : "some test images are gray, but the training images are in colour",
                   gray_ ? "set data.channels=1" : "set data.channels=3", 0};
  }
  return {};
}

std::optional<Problem> misfit_of_classes(const std::vector<std::string>& classes, const Listing& test) {
  const std::set<std::string> known(classes.begin(), classes.end());
  if (known.empty()) return {};
  if (test.class_names.empty()) {
    return Problem{test.source, "the training images have classes, but the test images have none",
                   "add the classes of the test images, or nothing can be measured that needs them", 0};
  }
  std::vector<std::string> more;
  std::copy_if(test.class_names.begin(), test.class_names.end(), std::back_inserter(more),
               [&](const auto& name) { return known.count(name) == 0; });
  if (more.empty() || more.size() == test.class_names.size()) return {};
  return Problem{test.source,
                 fmt::format("{} of the test images {} not in training: {}", counted(more.size(), "class"),
                             more.size() == 1 ? "is" : "are", first_names(more, 5)),
                 "add training images to these classes, or remove their test images", 0};
}

}  // namespace belamy
