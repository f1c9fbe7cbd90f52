// The forecast of a training: some steps are made in memory and timed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "belamy/recipe.h"

namespace belamy {

struct TrainingPlan {
  std::int64_t steps = 0, examples = 0;    ///< of the whole training; of its data
  double step_seconds = 0;                 ///< the median of the timed steps
  double low = 0, high = 0;                ///< the quartiles of their times
  std::string stage;                       ///< whose steps were timed: the first one
  std::uint64_t memory = 0;                ///< resident bytes of the process after these steps
  std::uint64_t checkpoint = 0, disk = 0;  ///< bytes of one checkpoint, of all that are kept
  std::vector<std::pair<std::string, std::int64_t>> parameters;  ///< of each player

  /// Of all steps, if all take as long as the timed ones.
  double seconds() const { return step_seconds * static_cast<double>(steps); }
};

/// Loads the data, builds the model, makes three steps and times `timed` further ones. Writes nothing. Errors as of a
/// training.
TrainingPlan plan_training(const Recipe& recipe, std::int64_t timed);

}  // namespace belamy
