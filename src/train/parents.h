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

/// Opens the runs and files that [from] names. Usage errors: a parent that the model needs is not named, is no
/// run and no known network, cannot do what is asked of it, or takes other data than `shape`.
ParentModels open_parents(const Recipe& recipe, const DataShape& shape, torch::Device device);

/// Builds them from a checkpoint of the run, without the runs that they came from.
ParentModels parents_in(const Recipe& recipe, const Safetensors& checkpoint, const std::string& origin,
                        torch::Device device);

/// The models alone, as ModelInfo::make takes them.
Parents models_of(const ParentModels& parents);

/// Registers each parent as the module "from_NAME" of the model, so that its weights go into checkpoints. It stays
/// in evaluation mode whatever the model's mode is.
void keep_with(Model& model, const ParentModels& parents);

}  // namespace belamy
