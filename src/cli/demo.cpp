// The verb `demo`: trains the first model of a newcomer.
#include <filesystem>

#include "cli/verbs.h"
#include "core/env.h"
#include "store/run_folder.h"

namespace belamy::cli {

void add_demo(Verb program) {
  auto request = std::make_shared<TrainRequest>();
  request->recipe = "dcgan-glyphs";
  request->out = "runs/demo";
  auto verb =
      program.verb("demo", "Train a DCGAN on letters and digits for some minutes and write its report");
  verb.option("--out", request->out, "Folder of the run");
  verb.option("--set", request->overrides, "KEY=VALUE: any setting");
  verb.does([request] {
    // A stopped demo continues; a finished one prints where it is.
    request->resume = Env::real().exists(fs::path(request->out) / RunFolder::settings_file);
    return train_and_tell(*request);
  });
}

}  // namespace belamy::cli
