#include "cli/run_request.h"

#include "cli/verbs.h"
#include "core/contradictions.h"

namespace belamy::cli {

std::unique_ptr<Run> RunRequest::open() const {
  auto run = Run::open(folder, device, warn, settings, step);
  refuse_contradictions(run->recipe().fields(), settings);
  return run;
}

namespace {

Option add_run_and_options(Verb& verb, RunRequest& request, const std::string& help) {
  auto run = verb.option("run", request.folder, help);
  verb.option("--set", request.settings,
              "use.KEY=VALUE: a setting for using the run ('belamy models NAME' lists them)");
  verb.option("--checkpoint", request.step, "Step of the checkpoint to use [the newest]").between(1, 1e15);
  verb.option("--device", request.device, "Device: auto, cpu or cuda");
  return run;
}

}  // namespace

void add_run(Verb& verb, RunRequest& request) {
  add_run_and_options(verb, request, "Folder of the run").required();
}

void add_optional_run(Verb& verb, RunRequest& request, const std::string& help) {
  add_run_and_options(verb, request, help);
}

void add_test_data(Verb& verb, std::string& data) {
  verb.option("--data", data, "Known data set, folder or archive; its test split is used [the run's data]");
}

void add_test_data_or_all(Verb& verb, std::string& data) {
  verb.option(
      "--data", data,
      "Known data set, folder or archive: its test split, or all of it if it has none [the run's test data]");
}

}  // namespace belamy::cli
