#include <algorithm>

#include "belamy/error.h"
#include "belamy/model.h"

namespace belamy {
namespace models {
#define BELAMY_MODEL(name) ModelInfo name();
#include "models/models.def"
#undef BELAMY_MODEL
}  // namespace models

const std::vector<ModelInfo>& all_models() {
  static const std::vector<ModelInfo> all = {
#define BELAMY_MODEL(name) models::name(),
#include "models/models.def"
#undef BELAMY_MODEL
  };
  return all;
}

const ModelInfo& find_model(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& info : all_models()) {
    if (info.name == name) return info;
    names.push_back(info.name);
  }
  const auto near = nearest(name, names);
  throw usage_error(
      "no model is called '" + name + "'",
      (near.empty() ? "" : "did you mean '" + near + "'? ") + std::string("'belamy models' lists all"));
}

const char* capability_name(Capability capability) {
  switch (capability) {
    case Capability::sampler: return "sampler";
    case Capability::decoder: return "decoder";
    case Capability::encoder: return "encoder";
    case Capability::reconstructor: return "reconstructor";
    case Capability::translator: return "translator";
    case Capability::classifier: return "classifier";
    case Capability::density: return "density";
    case Capability::scorer: return "scorer";
    case Capability::matcher: return "matcher";
    case Capability::featurizer: return "featurizer";
  }
  return "";
}

std::vector<Capability> capabilities_of(Model& model) {
  std::vector<Capability> found;
  if (model.sampler()) found.push_back(Capability::sampler);
  if (model.decoder()) found.push_back(Capability::decoder);
  if (model.encoder()) found.push_back(Capability::encoder);
  if (model.reconstructor()) found.push_back(Capability::reconstructor);
  if (model.translator()) found.push_back(Capability::translator);
  if (model.classifier()) found.push_back(Capability::classifier);
  if (model.density()) found.push_back(Capability::density);
  if (model.scorer()) found.push_back(Capability::scorer);
  if (model.matcher()) found.push_back(Capability::matcher);
  if (model.featurizer()) found.push_back(Capability::featurizer);
  return found;
}

}  // namespace belamy
