// The report of a run, made from the content of its folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "belamy/recipe.h"

#include "data/dataset.h"
#include "report/comparison.h"
#include "report/report.h"
#include "store/run_records.h"

namespace belamy {

/// "mnist: 60,000 images of 28x28 gray, 10 classes".
std::string describe_data(const Dataset& dataset);

/// The settings of a run, with some of them overridden. A storage error if the run's own cannot be read.
std::unique_ptr<Recipe> recipe_in(const RunFolder& folder, const std::vector<std::string>& overrides = {});

/// What `belamy compare` needs to know of a run.
ComparedRun compared_run(const std::filesystem::path& folder);

/// The command that shows what a run of the model can do.
std::string use_of(const ModelInfo& model, const std::filesystem::path& run);

/// Writes report.html. It shows the PNG files in pictures/ under their names.
void write_run_report(RunFolder& folder, const Recipe& recipe);

}  // namespace belamy
