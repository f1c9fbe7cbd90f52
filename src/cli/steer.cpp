// The verb `steer`: tells a training that is going on what to do.
#include <fmt/format.h>

#include "cli/verbs.h"
#include "store/run_folder.h"
#include "train/commands.h"

namespace belamy::cli {

void add_steer(Verb program) {
  struct Request {
    std::string run;
    bool save = false, sample = false, stop = false;
    std::int64_t steps = 0;
    std::vector<std::string> settings;
  };
  auto request = std::make_shared<Request>();
  auto verb = program.verb("steer", "Tell a training that is going on: save, sample, stop, change a setting");
  verb.option("run", request->run, "Folder of the run").required();
  verb.option("--set", request->settings, "optimizer.PLAYER.KEY=VALUE: a setting of an optimiser");
  verb.option("--steps", request->steps, "New length of the run").between(1, 1e15);
  verb.flag("--sample", request->sample, "Draw the picture of the run's progress now");
  verb.flag("--save", request->save, "Write a checkpoint now");
  verb.flag("--stop", request->stop, "Save and end");
  verb.does([request] {
    std::string text;
    const auto add = [&](const std::string& line) { text += command_text(parse_command(line)) + "\n"; };
    for (const auto& setting : request->settings) add("set " + setting);
    if (request->steps > 0) add(fmt::format("steps {}", request->steps));
    if (request->sample) add("sample");
    if (request->save) add("save");
    if (request->stop) add("stop");
    if (text.empty())
      throw usage_error("steer needs something to tell",
                        "'belamy steer --help' lists what a training can do");
    RunFolder::leave_request(Env::real(), request->run, text);
    fmt::print("asked; the training follows before its next step and says so in its lines\n");
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
