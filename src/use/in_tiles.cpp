#include "use/in_tiles.h"

#include <algorithm>
#include <torch/types.h>

namespace belamy {

Tensor in_tiles(const Tensor& image, std::int64_t enlargement,
                const std::function<Tensor(const Tensor&)>& f) {
  constexpr std::int64_t tile = 256, border = 32;
  const auto height = image.size(2), width = image.size(3);
  if (std::max(height, width) <= tile + 2 * border) return f(image);
  Tensor whole;
  for (std::int64_t top = 0; top < height; top += tile) {
    for (std::int64_t left = 0; left < width; left += tile) {
      const auto high = std::min(tile, height - top), wide = std::min(tile, width - left);
      const auto above = std::min(border, top), before = std::min(border, left);
      const auto made = f(image.slice(2, top - above, std::min(height, top + high + border))
                              .slice(3, left - before, std::min(width, left + wide + border)));
      if (!whole.defined())
        whole = torch::empty({1, made.size(1), enlargement * height, enlargement * width}, made.options());
      whole.narrow(2, enlargement * top, enlargement * high)
          .narrow(3, enlargement * left, enlargement * wide)
          .copy_(made.narrow(2, enlargement * above, enlargement * high)
                     .narrow(3, enlargement * before, enlargement * wide));
    }
  }
  return whole;
}

}  // namespace belamy
