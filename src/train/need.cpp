#include "train/need.h"

#include <algorithm>
#include <fmt/format.h>

#include "belamy/error.h"

namespace belamy {

bool can(const ModelInfo& model, Capability capability) {
  const auto& known = model.capabilities;
  return std::find(known.begin(), known.end(), capability) != known.end();
}

void lacks(const Run& run, Capability capability) {
  std::string others;
  for (const auto& info : all_models()) {
    if (can(info, capability)) others += (others.empty() ? "" : ", ") + info.name;
  }
  throw usage_error(fmt::format("{} cannot {}", run.recipe().model->name, capability_action(capability)),
                    others.empty() ? "no model can" : "models that can: " + others);
}

}  // namespace belamy
