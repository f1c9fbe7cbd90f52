#include "use/require.h"

#include <fmt/format.h>

namespace belamy {

Error missing_capability(const Run& run, Capability capability) {
  std::string others;
  for (const auto& info : all_models()) {
    if (info.can(capability)) others += (others.empty() ? "" : ", ") + info.name;
  }
  return usage_error(fmt::format("{} cannot {}", run.recipe().model->name, capability_action(capability)),
                     others.empty() ? "no model can" : "models that can: " + others);
}

}  // namespace belamy
