#include "models/shared/stages.h"

#include <charconv>
#include <fmt/format.h>

namespace belamy::models {

std::optional<std::size_t> layer_of(const std::string& stage, std::size_t layers) {
  const std::string start = "layer-";
  std::size_t number = 0;
  if (!stage.starts_with(start)) return {};
  const auto* end = stage.data() + stage.size();
  const auto [rest, error] = std::from_chars(stage.data() + start.size(), end, number);
  if (error != std::errc() || rest != end || number < 1 || number > layers) return {};
  return number - 1;
}

std::vector<std::string> layer_stages(std::size_t layers, const std::vector<std::string>& others) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= layers; ++i) names.push_back(fmt::format("layer-{}", i));
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

}  // namespace belamy::models
