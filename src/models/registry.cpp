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
  const auto near = nearest(name, names);
  throw usage_error(
      "no model is called '" + name + "'",
      (near.empty() ? "" : "did you mean '" + near + "'? ") + std::string("'belamy models' lists all"));
}

const char* capability_name(Capability capability) {
  switch (capability) {
    case Capability::sampler: return "sampler";
    case Capability::conditional_sampler: return "conditional-sampler";
    case Capability::attribute_sampler: return "attribute-sampler";
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

const char* capability_action(Capability capability) {
  switch (capability) {
    case Capability::sampler: return "draw samples";
    case Capability::conditional_sampler: return "draw samples of a given class";
    case Capability::attribute_sampler: return "draw samples of given attributes";
    case Capability::decoder: return "turn latents into data";
    case Capability::encoder: return "turn data into codes";
    case Capability::reconstructor: return "reconstruct data";
    case Capability::translator: return "translate images";
    case Capability::classifier: return "predict classes";
    case Capability::density: return "compute likelihoods";
    case Capability::scorer: return "score how unusual data are";
    case Capability::matcher: return "compare two images";
    case Capability::featurizer: return "compute features of images";
  }
  return "";
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
  if (model.sampler()) found.push_back(Capability::sampler);
  if (model.sampler() && model.sampler()->conditional()) found.push_back(Capability::conditional_sampler);
  if (model.sampler() && model.sampler()->takes_attributes()) found.push_back(Capability::attribute_sampler);
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
