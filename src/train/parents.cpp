#include "train/parents.h"

#include <algorithm>
#include <fmt/format.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "data/weights.h"
#include "nn/trained_featurizer.h"
#include "store/run_folder.h"
#include "tensors/arrays.h"
#include "train/model_state.h"
#include "train/run_report.h"

namespace belamy {
namespace {

// A network trained elsewhere as a model without players. Its tensors are buffers, so that checkpoints hold them.
class NetworkModel final : public Model {
 public:
  NetworkModel(const Safetensors& content, const std::string& origin, torch::Device device)
      : featurizer_(vgg16_featurizer(content, origin, device)) {
    for (const auto& [name, shape] : tensors_of(NetworkKind::vgg16_conv))
      register_buffer(buffer_name(name), array_tensor(content.arrays.at(name)).clone());
  }
  // Names of buffers must not contain dots.
  static std::string buffer_name(std::string name) {
    std::replace(name.begin(), name.end(), '.', ':');
    return name;
  }

  void step(const Batch&, StepContext&) override { throw std::logic_error("a parent is not trained"); }
  Featurizer* featurizer() override { return featurizer_.get(); }

 private:
  std::unique_ptr<Featurizer> featurizer_;
};

// Holds a parent inside the model that uses it, always in evaluation mode.
class Holder final : public torch::nn::Module {
 public:
  explicit Holder(std::shared_ptr<Model> parent) : parent_(register_module("parent", std::move(parent))) {
    parent_->eval();
  }
  void train(bool) override {}

 private:
  std::shared_ptr<Model> parent_;
};

std::string module_name(const std::string& parent) {
  return "from_" + parent;
}

Parent network_parent(const Safetensors& content, const std::string& origin, torch::Device device) {
  return {std::make_shared<NetworkModel>(content, origin, device),
          {{"network", network_name(NetworkKind::vgg16_conv)}}};
}

// Opens a run as a parent, with averaged weights.
Parent run_parent(const std::filesystem::path& path, torch::Device device) {
  const auto folder = RunFolder::read(Env::real(), path);
  const auto recipe = recipe_in(folder);
  std::int64_t step = 0;
  const auto file = folder.load_newest([](const std::string&) {}, &step);
  const auto origin = fmt::format("{}: the checkpoint of step {}", path.string(), step);
  const auto shape = ModelState::shape_in(file.metadata, origin);
  ModelState state(*recipe, shape, device, parents_in(*recipe, file, origin, device));
  state.load_weights(file, origin);
  Parent parent{state.release(), {{"settings", folder.read_settings()}}};
  for (const auto& [key, value] : file.metadata) {
    if (key.starts_with("from.")) parent.facts[key] = value;  // its own parents
  }
  ModelState::write_shape(parent.facts, shape);
  return parent;
}

Error unknown_parent(const ParentInfo& info, const std::string& value) {
  return usage_error(
      fmt::format("from.{} = '{}': there is no such run, and no network of that name", info.name, value),
      "give the folder of a run, or vgg16-conv ('belamy weights list')");
}

Parent open_parent(const ParentInfo& info, const std::string& value, torch::Device device) {
  if (Env::real().exists(fs::path(value) / RunFolder::settings_file)) return run_parent(value, device);
  const auto names = weights_names();
  if (!Env::real().exists(value) && std::find(names.begin(), names.end(), value) == names.end())
    throw unknown_parent(info, value);
  const auto weights = read_weights(value);
  if (weights.kind != NetworkKind::vgg16_conv)
    throw usage_error(fmt::format("from.{} = '{}' is {}, which cannot be a parent", info.name, value,
                                  network_name(weights.kind)),
                      "give vgg16-conv, or the folder of a run");
  return network_parent(weights.content, weights.file.path.string(), device);
}

void check_parent(const ParentInfo& info, const std::string& value, const Parent& parent,
                  const DataShape& shape) {
  const auto known = capabilities_of(*parent.model);
  if (std::find(known.begin(), known.end(), info.needs) == known.end())
    throw usage_error(
        fmt::format("from.{} = '{}' cannot {}", info.name, value, capability_action(info.needs)),
        fmt::format("use a run of a model with the capability {} ('belamy models')",
                    capability_name(info.needs)));
  if (parent.facts.count("network") > 0) return;
  const auto taken = ModelState::shape_in(parent.facts, value);
  if (info.needs == Capability::text_encoder) {  // it never sees images
    if (taken.vocabulary == shape.vocabulary) return;
    throw usage_error(
        fmt::format("from.{} = '{}' was trained on captions with other words", info.name, value),
        "train it on the same data, with the same data.limit and data.holdout");
  }
  const auto fits = [&](const DataShape& side) { return taken.sizes(1) == side.sizes(1); };
  if (!fits(shape) && std::none_of(shape.others.begin(), shape.others.end(), fits))
    throw usage_error(fmt::format("from.{} = '{}' was trained on data of another size", info.name, value),
                      "set data.size and data.channels to those of that run");
}

std::string value_in(const Recipe& recipe, const std::string& name) {
  const auto found = recipe.parents.find(name);
  return found == recipe.parents.end() ? "" : found->second;
}

// Builds the parents of a recipe from the facts and arrays of a checkpoint. `inside` is the name of the
// module that uses them: "" or "from_classifier.parent.".
ParentModels parents_from(const Recipe& recipe, const StringMap& facts, const ArrayMap& arrays,
                          const std::string& inside, const std::string& origin, torch::Device device) {
  ParentModels parents;
  for (const auto& info : recipe.model->parents) {
    const auto prefix = "from." + info.name + ".";
    StringMap own;
    for (const auto& [key, value] : facts) {
      if (key.starts_with(prefix)) own[key.substr(prefix.size())] = value;
    }
    if (own.empty()) continue;
    const auto place = inside + module_name(info.name) + ".parent.";
    if (own.count("network") > 0) {
      Safetensors content;
      for (const auto& [name, shape] : tensors_of(NetworkKind::vgg16_conv)) {
        const auto at = arrays.find("buffer/" + place + NetworkModel::buffer_name(name));
        if (at != arrays.end()) content.arrays[name] = at->second;
      }
      parents.emplace(info.name, network_parent(content, origin, device));
      continue;
    }
    const auto settings = own.find("settings");
    if (settings == own.end())
      throw storage_error(fmt::format("{}: the settings of from.{} are missing", origin, info.name));
    const auto made = Recipe::parse(settings->second, origin + ", from." + info.name);
    ModelState state(*made, ModelState::shape_in(own, origin), device,
                     parents_from(*made, own, arrays, place, origin, device));
    parents.emplace(info.name, Parent{state.release(), own});
  }
  return parents;
}

}  // namespace

ParentModels open_parents(const Recipe& recipe, const DataShape& shape, torch::Device device) {
  ParentModels parents;
  for (const auto& info : recipe.model->parents) {
    const auto value = value_in(recipe, info.name);
    if (value.empty()) {
      if (!info.required) continue;
      throw usage_error(fmt::format("{} needs a parent: {}", recipe.model->name, info.help),
                        fmt::format("set from.{}=RUN", info.name));
    }
    auto parent = open_parent(info, value, device);
    check_parent(info, value, parent, shape);
    parents.emplace(info.name, std::move(parent));
  }
  return parents;
}

ParentModels parents_in(const Recipe& recipe, const Safetensors& checkpoint, const std::string& origin,
                        torch::Device device) {
  return parents_from(recipe, checkpoint.metadata, checkpoint.arrays, "", origin, device);
}

Parents models_of(const ParentModels& parents) {
  Parents models;
  for (const auto& [name, parent] : parents) models.emplace(name, parent.model);
  return models;
}

void keep_with(Model& model, const ParentModels& parents) {
  for (const auto& [name, parent] : parents)
    model.register_module(module_name(name), std::make_shared<Holder>(parent.model));
}

}  // namespace belamy
