// What a resumed run does differently. Differences are not errors: they are reported and stored with the run.
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

/// One sentence for each setting that differs from `before` and affects the training, and one if the data
/// differ from those of the checkpoint. Length, device, log and intervals are ignored.
std::vector<std::string> changes_since(const Recipe& before, const Recipe& now, const StringMap& checkpoint,
                                       const DataState& data);

/// The total number of steps that the run had when the checkpoint was made.
std::int64_t length_of(const Recipe& before, const StringMap& checkpoint);

/// All settings as TOML, with absolute paths, so that they are valid in any folder.
std::string settings_for_anywhere(const Recipe& recipe);

}  // namespace belamy
