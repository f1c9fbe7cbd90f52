// The parents of a run: what its model takes from another run or from a network trained elsewhere ([from]).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "store/safetensors.h"

namespace belamy {

/// A parent in evaluation mode. Its weights belong to the model that uses it, and are saved with it.
struct Parent {
  std::shared_ptr<Model> model;
  StringMap facts;  ///< what a checkpoint keeps to build it again: settings and shape, or the network's name
};
using ParentModels = std::map<std::string, Parent>;

/// Opens the runs and files that [from] names. Usage errors: a required parent is not named, is neither a run
/// nor a known network, lacks the required capability, or was trained on data of another size than `shape`
/// (a text encoder: on captions with other words).
ParentModels open_parents(const Recipe& recipe, const DataShape& shape, torch::Device device);

/// Builds the parents from a checkpoint of the run. The runs that they came from are not needed.
ParentModels parents_in(const Recipe& recipe, const Safetensors& checkpoint, const std::string& origin,
                        torch::Device device);

/// The models alone, as ModelInfo::make takes them.
Parents models_of(const ParentModels& parents);

/// Registers each parent as the module "from_NAME" of the model, so that checkpoints include its weights. It
/// stays in evaluation mode when the model trains.
void keep_with(Model& model, const ParentModels& parents);

}  // namespace belamy
