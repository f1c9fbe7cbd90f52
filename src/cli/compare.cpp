// The verb `compare`: shows settings and scores of runs side by side.
#include <fmt/format.h>

#include "cli/verbs.h"
#include "report/comparison.h"
#include "train/run_report.h"

namespace belamy::cli {

void add_compare(Verb program) {
  auto folders = std::make_shared<std::vector<std::string>>();
  auto verb = program.verb("compare", "Compare runs: settings that differ, and their scores");
  verb.option("runs", *folders, "Folders of two or more runs").values(2, 100).required();
  verb.does([folders] {
    std::vector<ComparedRun> runs;
    for (const auto& path : *folders) runs.push_back(compared_run(path));
    fmt::print("{}", compare_runs(runs));
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
