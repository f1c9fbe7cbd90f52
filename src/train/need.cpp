#include "train/need.h"

#include <fmt/format.h>

#include "belamy/error.h"

namespace belamy {

void lacks(const Run& run, Capability capability) {
  std::string others;
  for (const auto& info : all_models()) {
    for (const auto has : info.capabilities) {
      if (has == capability) others += (others.empty() ? "" : ", ") + info.name;
    }
  }
  throw usage_error(fmt::format("{} cannot {}", run.recipe().model->name, capability_action(capability)),
                    others.empty() ? "no model can" : "models that can: " + others);
}

}  // namespace belamy
