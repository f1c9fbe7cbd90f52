// The verb `compare`: shows settings and scores of runs side by side.
#include <fmt/format.h>

#include "belamy/recipe.h"

#include "cli/verbs.h"
#include "core/env.h"
#include "report/comparison.h"
#include "store/run_folder.h"
#include "store/run_records.h"
#include "train/run_report.h"

namespace belamy::cli {

void add_compare(Verb program) {
  auto folders = std::make_shared<std::vector<std::string>>();
  auto verb = program.verb("compare", "Compare runs: settings that differ, and their scores");
  verb.option("runs", *folders, "Folders of two or more runs").values(2, 100).required();
  verb.does([folders] {
    std::vector<ComparedRun> runs;
    for (const auto& path : *folders) {
      const auto folder = RunFolder::read(Env::real(), path);
      const auto recipe = recipe_in(folder);
      ComparedRun run{path, {{"model", recipe->model->name}}, read_evaluation(folder)};
      for (const auto& field : recipe->fields().all()) run.settings.emplace_back(field.key, field.get());
      runs.push_back(std::move(run));
    }
    fmt::print("{}", compare_runs(runs));
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
