// The verb `steer`: sends commands to a running training.
#include <fmt/format.h>

#include "cli/verbs.h"
#include "core/env.h"
#include "store/run_folder.h"
#include "train/commands.h"
#include "train/run_report.h"

namespace belamy::cli {
void add_steer(Verb program) {
  struct Request {
    std::string run;
    bool save = false, sample = false, stop = false;
    std::int64_t steps = 0;
    std::vector<std::string> settings;
  };
  auto request = std::make_shared<Request>();
  auto verb =
      program.verb("steer", "Send commands to a running training: save, sample, stop, change a setting");
  verb.option("run", request->run, "Folder of the run").required();
  verb.option("--set", request->settings, "optimizer.PLAYER.KEY=VALUE: a setting of an optimiser");
  verb.option("--steps", request->steps, "New length of the run").between(1, 1e15);
  verb.flag("--sample", request->sample, "Draw the run's picture of progress now");
  verb.flag("--save", request->save, "Write a checkpoint now");
  verb.flag("--stop", request->stop, "Write a checkpoint and end the training");
  verb.does([request] {
    const auto recipe = recipe_in(RunFolder::read(Env::real(), request->run));
    std::string text;
    const auto add = [&](const std::string& line) {
      const auto command = parse_command(line);
      check_command(command, *recipe);
      text += command_text(command) + "\n";
    };
    for (const auto& setting : request->settings) add("set " + setting);
    if (request->steps > 0) add(fmt::format("steps {}", request->steps));
    if (request->sample) add("sample");
    if (request->save) add("save");
    if (request->stop) add("stop");
    if (text.empty())
      throw usage_error("steer needs a command", "give --save, --sample, --stop, --steps or --set");
    RunFolder::leave_request(Env::real(), request->run, text);
    fmt::print("sent; the training follows the commands before its next step and reports them in its log\n");
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
