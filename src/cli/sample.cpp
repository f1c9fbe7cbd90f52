#include <fmt/format.h>
#include <torch/types.h>

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "data/dataset.h"
#include "train/run_batches.h"

namespace belamy::cli {
namespace {

struct SampleVerb {
  RunRequest run;
  std::string out = "samples.png", classes;
  std::int64_t count = 64, seed = 1;
};

// "3,5" or "all" as the numbers of the run's classes.
std::vector<std::int64_t> asked_classes(const std::string& text, const Sampler& sampler, const Run& run) {
  const auto names = sampler.clusters() > 0 ? numbered_classes(sampler.clusters()) : run.shape().class_names;
  std::vector<std::int64_t> numbers;
  if (text == "all") {
    for (std::size_t k = 0; k < names.size(); ++k) numbers.push_back(static_cast<std::int64_t>(k));
    return numbers;
  }
  std::vector<std::string> asked;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    asked.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return class_numbers(asked, names, run.recipe().name);
}

ExitCode sample(const SampleVerb& asked) {
  const Output out(asked.out, {});
  const auto run = asked.run.open();
  auto* sampler = need(run->model().sampler(), *run, Capability::sampler);
  SampleRequest request{asked.count, run->generator(asked.seed)};
  std::int64_t columns = 0;
  if (!asked.classes.empty()) {
    if (!sampler->conditional()) lacks(*run, Capability::conditional_sampler);
    const auto classes = torch::tensor(asked_classes(asked.classes, *sampler, *run), torch::kLong);
    const auto each = (asked.count + classes.numel() - 1) / classes.numel();
    request.condition.labels = classes.repeat_interleave(each);
    request.count = request.condition.labels.size(0);
    columns = classes.numel() == 1 && each > 20 ? 0 : each;  // one row a class
  }
  Progress progress;
  request.progress = [&](double done) {
    progress.update_each_second(fmt::format("{} samples: {:.0f} %", format_count(request.count), 100 * done));
    return true;
  };
  const auto drawn = draw(*sampler, request);
  progress.finish();
  out.write(drawn, request.condition.labels, columns);
  fmt::print("{} samples of {} (step {}) in {}\n", request.count, run->recipe().name, run->step(), asked.out);
  return ExitCode::ok;
}

}  // namespace

void add_sample(Verb program) {
  auto request = std::make_shared<SampleVerb>();
  auto verb = program.verb("sample", "Draw new data from a trained run");
  add_run(verb, request->run);
  verb.option("-n,--count", request->count, "How many; with --class as many of each class, rounded up")
      .between(1, 10'000'000);
  verb.option("--class", request->classes,
              "all, or names or numbers of classes, as in 3,5; a grid has one row a class");
  verb.option("--seed", request->seed, "Same seed, same samples");
  verb.option(
      "--out", request->out,
      "F.png: a grid; F.npz: images uint8 [N,H,W,C] (or points), labels where classes were asked for; "
      "DIR/: one PNG each");
  verb.does([request] { return sample(*request); });
}

}  // namespace belamy::cli
