// The models by name, and their capabilities.
#include <algorithm>

#include "belamy/error.h"
#include "belamy/model.h"

namespace belamy {
namespace models {
#define BELAMY_MODEL(name) ModelInfo name();
#include "models/models.def"
#undef BELAMY_MODEL
}  // namespace models

namespace {

std::vector<ModelInfo>& known_models() {
  static std::vector<ModelInfo> all = {
#define BELAMY_MODEL(name) models::name(),
#include "models/models.def"
#undef BELAMY_MODEL
  };
  return all;
}

}  // namespace

const std::vector<ModelInfo>& all_models() {
  return known_models();
}

void add_model(ModelInfo info) {
  for (const auto& known : all_models()) {
    if (known.name == info.name) throw usage_error("there is a model '" + info.name + "' already");
  }
  known_models().push_back(std::move(info));
}

const ModelInfo& find_model(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& info : all_models()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  throw usage_error("no model is called '" + name + "'",
                    suggestion(name, names) + "'belamy models' lists all");
}

const char* capability_name(Capability capability) {
  switch (capability) {
#define BELAMY_CAPABILITY(name, text, action, present) \
  case Capability::name:                               \
    return text;
#include "belamy/capabilities.def"
#undef BELAMY_CAPABILITY
  }
  return "";
}

const char* capability_action(Capability capability) {
  switch (capability) {
#define BELAMY_CAPABILITY(name, text, action, present) \
  case Capability::name:                               \
    return action;
#include "belamy/capabilities.def"
#undef BELAMY_CAPABILITY
  }
  return "";
}

bool ModelInfo::can(Capability capability) const {
  return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
}

const char* relation_name(Relation relation) {
  switch (relation) {
    case Relation::none: return "none";
    case Relation::pairs: return "pairs";
    case Relation::domains: return "domains";
    case Relation::matches: return "matches";
  }
  return "";
}

std::vector<Capability> capabilities_of(Model& model) {
  std::vector<Capability> found;
#define BELAMY_CAPABILITY(name, text, action, present) \
  if (present) found.push_back(Capability::name);
#include "belamy/capabilities.def"
#undef BELAMY_CAPABILITY
  return found;
}

}  // namespace belamy
