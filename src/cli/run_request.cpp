#include "cli/run_request.h"

#include "cli/verbs.h"

namespace belamy::cli {

std::unique_ptr<Run> RunRequest::open() const {
  return Run::open(folder, device, warn, settings);
}

void add_run(Verb& verb, RunRequest& request) {
  verb.option("run", request.folder, "Folder of the run").required();
  verb.option("--set", request.settings, "use.KEY=VALUE: a setting of use ('belamy models NAME' lists them)");
  verb.option("--device", request.device, "auto, cpu or cuda");
}

}  // namespace belamy::cli
