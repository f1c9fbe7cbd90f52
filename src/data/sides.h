// What images are made where data.size and data.channels leave it open. Internal to src/data.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// The sizes and channels of some images.
class ImageShapes {
 public:
  void add(const Image& image);
  void add(const Dataset& set);  ///< which could be loaded, and its further domains
  /// Further images are of another domain: their channels may be others.
  void next_domain() { gray_ = colour_ = false; }

  /// The side of the squares that these images become: the largest, up to 64, that all but the smallest
  /// twentieth of them have. 0 where they are of one size and as `needs` says, or too small for it.
  std::int64_t size_for(const ImageSides& needs) const;
  /// 3 where some images of a domain are gray and some have colours, else 0.
  std::int64_t channels() const { return mixed_ ? 3 : 0; }

 private:
  void add(int width, int height);

  std::vector<int> sides_;  // the shorter ones
  int width_ = 0, height_ = 0;
  bool one_size_ = true, gray_ = false, colour_ = false, mixed_ = false;
};

}  // namespace belamy
