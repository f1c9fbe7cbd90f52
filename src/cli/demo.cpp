#include "cli/verbs.h"

namespace belamy::cli {

void add_demo(CLI::App& app, Work& work) {
  auto request = std::make_shared<TrainRequest>();
  request->recipe = "dcgan-glyphs";
  request->out = "runs/demo";
  auto* verb =
      app.add_subcommand("demo", "Train a DCGAN on letters and digits for some minutes and write its report");
  verb->add_option("--out", request->out, "Folder of the run");
  verb->add_option("--set", request->overrides, "KEY=VALUE: any setting")->allow_extra_args(false);
  verb->callback([=, &work] {
    work = [request] {
      request->resume = true;  // a demo that was stopped goes on, a finished one says where it is
      return train_and_tell(*request);
    };
  });
}

}  // namespace belamy::cli
