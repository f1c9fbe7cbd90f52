// Chooses size and channels of images if data.size and data.channels are not set, and tells whether a test split
// fits the training split. Internal to src/data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/readers.h"

namespace belamy {

/// Images with a shorter side are thumbnails or icons rather than data.
inline constexpr int kTinySide = 8;

/// The sizes and channels of some images.
class ImageShapes {
 public:
  void add(const Image& image);
  void add(const Dataset& set);  ///< a set that could be loaded, with its further domains
  /// The images that follow are of another domain, which may have other channels.
  void next_domain() { gray_ = colour_ = false; }

  /// The side of the squares to make of these images: the largest side, up to 64, that all but the smallest
  /// twentieth of them reach; none below kTinySide, unless all are smaller. 0 if they have one size that is as
  /// `needs` says, or too small for it.
  std::int64_t size_for(const ImageSides& needs) const;
  /// Why the images of a test split cannot be used with training images of these shapes if neither size nor
  /// channels are set; nothing if they can. `source` is that of the test images.
  std::optional<Problem> misfit(const ImageShapes& test, const std::string& source) const;
  /// 3 if some images of a domain are gray and others coloured, else 0.
  std::int64_t channels() const { return mixed_ ? 3 : 0; }

 private:
  void add(int width, int height);

  std::vector<int> sides_;  // the shorter ones
  int width_ = 0, height_ = 0;
  bool one_size_ = true, gray_ = false, colour_ = false, mixed_ = false;
};

/// Why labels of a test split mean nothing to a training on these classes; nothing if they do. Sets without a
/// common class, such as those of one-shot learning, fit.
std::optional<Problem> misfit_of_classes(const std::vector<std::string>& classes, const Listing& test);

}  // namespace belamy
