#include <fmt/format.h>

#include "cli/verbs.h"
#include "store/run_folder.h"
#include "train/run_report.h"

namespace belamy::cli {

void add_report(CLI::App& app, Work& work) {
  auto path = std::make_shared<std::string>();
  auto* verb =
      app.add_subcommand("report", "Write report.html of a run again, from what its folder holds now");
  verb->add_option("run", *path, "Folder of the run")->required();
  verb->callback([=, &work] {
    work = [path] {
      auto folder = RunFolder::read(Env::real(), *path);
      const auto settings = (folder.path() / "resolved.toml").string();
      write_run_report(folder, *Recipe::parse(folder.read_settings(), settings));
      fmt::print("{}\n", (folder.path() / "report.html").string());
      return ExitCode::ok;
    };
  });
}

}  // namespace belamy::cli
