#include "metrics/localisation.h"

#include <algorithm>
#include <vector>

namespace belamy {

std::optional<Box> box_of_map(const torch::Tensor& map, double share) {
  const auto values = map.to(torch::kCPU, torch::kFloat).contiguous();
  const auto height = values.size(0), width = values.size(1);
  const float* value = values.data_ptr<float>();
  const float highest = *std::max_element(value, value + values.numel());
  if (!(highest > 0)) return std::nullopt;
  const auto limit = static_cast<float>(share * highest);

  std::vector<bool> seen(static_cast<std::size_t>(values.numel()), false);
  std::vector<std::int64_t> region;
  std::size_t largest = 0;
  Box found;
  for (std::int64_t start = 0; start < values.numel(); ++start) {
    region.clear();
    const auto reach = [&](std::int64_t place) {
      if (seen[static_cast<std::size_t>(place)] || !(value[place] > limit)) return;
      seen[static_cast<std::size_t>(place)] = true;
      region.push_back(place);
    };
    reach(start);
    Box box{static_cast<double>(width), static_cast<double>(height), 0, 0};
    for (std::size_t i = 0; i < region.size(); ++i) {
      const auto place = region[i], y = place / width, x = place % width;
      if (x > 0) reach(place - 1);
      if (x + 1 < width) reach(place + 1);
      if (y > 0) reach(place - width);
      if (y + 1 < height) reach(place + width);
      box = {std::min(box.left, static_cast<double>(x)), std::min(box.top, static_cast<double>(y)),
             std::max(box.right, static_cast<double>(x + 1)),
             std::max(box.bottom, static_cast<double>(y + 1))};
    }
    if (region.size() <= largest) continue;
    largest = region.size();
    found = box;
  }
  return found;
}

double overlap_of(const Box& a, const Box& b) {
  const auto area = [](double left, double top, double right, double bottom) {
    return std::max(0.0, right - left) * std::max(0.0, bottom - top);
  };
  const auto common = area(std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right),
                           std::min(a.bottom, b.bottom));
  const auto both = area(a.left, a.top, a.right, a.bottom) + area(b.left, b.top, b.right, b.bottom) - common;
  return both > 0 ? common / both : 0;
}

}  // namespace belamy
