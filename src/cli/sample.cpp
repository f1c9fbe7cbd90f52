#include <fmt/format.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/verbs.h"
#include "train/run_batches.h"

namespace belamy::cli {

void add_sample(Verb program) {
  struct Request {
    std::string run, out = "samples.png", device = "auto";
    std::int64_t n = 64, seed = 1;
  };
  auto request = std::make_shared<Request>();
  auto verb = program.verb("sample", "Draw new data from a trained run");
  verb.option("run", request->run, "Folder of the run").required();
  verb.option("-n,--count", request->n, "How many").between(1, 10'000'000);
  verb.option("--seed", request->seed, "Same seed, same samples");
  verb.option("--out", request->out,
              "F.png: a grid; F.npz: images uint8 [N,H,W,C] (or points); DIR/: one PNG each");
  verb.option("--device", request->device, "auto, cpu or cuda");
  verb.does([request] {
    const Output out(request->out, {});
    const auto run = Run::open(request->run, request->device, warn);
    auto* sampler = need(run->model().sampler(), *run, Capability::sampler);
    out.write(draw(*sampler, request->n, run->generator(request->seed)));
    fmt::print("{} samples of {} (step {}) in {}\n", request->n, run->recipe().name, run->step(),
               request->out);
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
