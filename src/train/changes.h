// What a run that goes on does otherwise than before. Nothing of it is an error: it is told, and kept with
// the run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "belamy/recipe.h"

#include "store/safetensors.h"

namespace belamy {

/// The training examples of a run.
struct DataState {
  std::int64_t count = 0;
  std::string digest;
};

/// One sentence for each setting that changes the course of the training and differs from `before`, and one
/// where the data are not those of the checkpoint. Length, log and intervals do not count.
std::vector<std::string> changes_since(const Recipe& before, const Recipe& now, const StringMap& checkpoint,
                                       const DataState& data);

/// The steps that a run had in all when the checkpoint was made.
std::int64_t length_of(const Recipe& before, const StringMap& checkpoint);

/// All settings as TOML, with data sources that hold from any folder.
std::string settings_for_anywhere(const Recipe& recipe);

}  // namespace belamy
