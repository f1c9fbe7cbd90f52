// A square of 4, 8, 16, ... pixels a side around images of any smaller side.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <torch/types.h>
#include <vector>

#include "belamy/model.h"

namespace belamy::models {

/// For networks that double and halve: data get a black margin, and from samples it is cropped.
class Frame {
 public:
  explicit Frame(const DataShape& shape)
      : side_(std::max<std::int64_t>(
            4, static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shape.width))))),
        inner_(shape.width),
        before_((side_ - shape.width) / 2) {}

  std::int64_t side() const { return side_; }
  bool has_margin() const { return side_ != inner_; }
  /// The number of sides 4, 8, ... up to its own.
  std::size_t levels() const {
    return static_cast<std::size_t>(std::countr_zero(static_cast<std::uint64_t>(side_))) - 1;
  }
  Tensor padded(const Tensor& images) const {
    const auto after = side_ - inner_ - before_;
    return has_margin() ? at::constant_pad_nd(images, {before_, after, before_, after}, -1) : images;
  }
  Tensor cropped(const Tensor& images) const {
    return has_margin() ? images.slice(2, before_, before_ + inner_).slice(3, before_, before_ + inner_)
                        : images;
  }

 private:
  std::int64_t side_, inner_, before_;
};

/// Channels of networks whose levels have 4, 8, 16, ... pixels a side: `capacity` divided by the side, at most
/// `width`.
inline std::vector<std::int64_t> channels_of(const Frame& frame, std::int64_t width, std::int64_t capacity) {
  std::vector<std::int64_t> channels;
  for (std::int64_t side = 4; side <= frame.side(); side *= 2) {
    channels.push_back(std::min(width, std::max<std::int64_t>(1, capacity / side)));
  }
  return channels;
}

}  // namespace belamy::models
