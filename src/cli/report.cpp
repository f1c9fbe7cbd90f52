// The verb `report`: writes the page of a run.
#include <fmt/format.h>

#include "cli/verbs.h"
#include "store/run_folder.h"
#include "train/run_report.h"

namespace belamy::cli {

void add_report(Verb program) {
  auto path = std::make_shared<std::string>();
  auto verb =
      program.verb("report", "Write report.html of a run again from the current content of its folder");
  verb.option("run", *path, "Folder of the run").required();
  verb.does([path] {
    auto folder = RunFolder::read(Env::real(), *path);
    write_run_report(folder, *recipe_in(folder));
    fmt::print("{}\n", (folder.path() / RunFolder::report_file).string());
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
