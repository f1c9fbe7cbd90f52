// Runs a row of the scoreboard: trains and measures each group for each seed, and judges the conditions.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "belamy/recipe.h"
#include "belamy/trainer.h"

#include "report/reproduction.h"

namespace belamy {

/// What the caller does while a row is measured.
struct RowHooks {
  /// Trains in the folder, or continues there. An outcome that is not `finished` ends the measuring.
  std::function<TrainingOutcome(const Recipe& recipe, const std::filesystem::path& folder)> train;
  std::function<void(const std::string&)> begin;     ///< a group and a seed: "short, seed 1 of 3"
  std::function<void(const std::string&)> progress;  ///< what is being done
  std::function<void(const std::string&)> warning;
};

/// Checks recipes, labs, settings and claims before hours of training. Throws usage errors.
void check_row(const ReproductionRow& row);

/// Measures each group with the seeds 1 to `seeds`, in folders below `runs`. Runs that are finished are not
/// trained again. Returns nothing if a training was stopped. Throws a usage error if a folder holds a run
/// with other settings, or a group lacks a score of the row.
std::optional<ReproductionResult> measure_row(const ReproductionRow& row, std::int64_t seeds,
                                              const std::filesystem::path& runs, const RowHooks& hooks);

}  // namespace belamy
