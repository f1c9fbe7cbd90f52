#include "models/shared/stages.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "belamy/recipe.h"

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

std::string check_stages(const Recipe& recipe, std::size_t layers, const std::vector<std::string>& others) {
  for (const auto& stage : recipe.stages) {
    const bool known = stage.name == "main" || layer_of(stage.name, layers) ||
                       std::find(others.begin(), others.end(), stage.name) != others.end();
    if (!known) {
      return fmt::format("it has no stage '{}': layer-1 to layer-{}, {}", stage.name, layers,
                         fmt::join(others, ", "));
    }
  }
  return "";
}

}  // namespace belamy::models
