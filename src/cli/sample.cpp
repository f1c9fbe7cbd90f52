// The verb `sample`: draws samples.
#include <fmt/format.h>
#include <torch/types.h>

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/attributes.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "use/in_batches.h"

namespace belamy::cli {
namespace {

struct SampleVerb {
  RunRequest run;
  std::string out = "samples.png", classes, attributes;
  std::vector<std::string> texts;
  std::int64_t count = 64, seed = 1;
};

// The numbers of the run's classes for a text such as "3,5" or "all".
std::vector<std::int64_t> asked_classes(const std::string& text, const Sampler& sampler, const Run& run) {
  const auto names = sampler.clusters() > 0 ? numbered_classes(sampler.clusters()) : run.shape().class_names;
  std::vector<std::int64_t> numbers;
  if (text == "all") {
    for (std::size_t k = 0; k < names.size(); ++k) numbers.push_back(static_cast<std::int64_t>(k));
    return numbers;
  }
  return class_numbers(split_at_commas(text), names, run.recipe().name);
}

// Asks for one row of samples per class. Returns the columns of a picture; 0: no fixed number.
std::int64_t ask_for_classes(const SampleVerb& asked, const Sampler& sampler, const Run& run,
                             SampleRequest& request) {
  const auto classes = torch::tensor(asked_classes(asked.classes, sampler, run), torch::kLong);
  const auto each = (asked.count + classes.numel() - 1) / classes.numel();
  request.condition.labels = classes.repeat_interleave(each);
  request.count = request.condition.labels.size(0);
  return classes.numel() == 1 && each > 20 ? 0 : each;
}

// Asks for one row of samples per text. Returns the columns of a picture.
std::int64_t ask_for_texts(const SampleVerb& asked, const Sampler& sampler, const Run& run,
                           SampleRequest& request) {
  if (!sampler.takes_captions()) throw missing_capability(run, Capability::caption_sampler);
  const auto captions = asked_captions(asked.texts, run);
  const auto rows = captions.size(0), each = (asked.count + rows - 1) / rows;
  request.condition.captions = captions.repeat_interleave(each, 0);
  request.count = rows * each;
  return rows == 1 && each > 20 ? 0 : each;
}

void check_attributes(const Sampler& sampler, const Run& run) {
  if (sampler.takes_attributes()) return;
  if (run.recipe().model->can(Capability::attribute_sampler) && run.shape().attributes.empty()) {
    throw usage_error(fmt::format("{} was trained on data without attributes", run.recipe().name),
                      "train on data with attributes, such as glyphs with data.attributes=[\"bold\"]");
  }
  throw missing_capability(run, Capability::attribute_sampler);
}

// The requested classes and attributes, stored beside the samples in an archive of arrays.
NpzFacts facts_of(const Condition& condition, const std::vector<std::string>& names) {
  NpzFacts facts;
  if (const auto& labels = condition.labels; labels.defined())
    facts.labels.assign(labels.data_ptr<std::int64_t>(), labels.data_ptr<std::int64_t>() + labels.numel());
  if (!condition.attributes.defined()) return facts;
  const auto first = condition.attributes[0];
  const auto places = torch::isfinite(first).nonzero().squeeze(1);
  const auto rows = condition.attributes.index_select(1, places).contiguous();
  facts.attributes.assign(rows.data_ptr<float>(), rows.data_ptr<float>() + rows.numel());
  for (std::int64_t i = 0; i < places.numel(); ++i)
    facts.attribute_names.push_back(names[static_cast<std::size_t>(places[i].item<std::int64_t>())]);
  return facts;
}

ExitCode sample(const SampleVerb& asked) {
  const Output out(asked.out, inputs_of(asked.run));
  const auto run = asked.run.open();
  auto* sampler = require_capability(run->model().sampler(), *run, Capability::sampler);
  SampleRequest request{asked.count, run->generator(asked.seed)};
  std::int64_t columns = 0;
  if (!asked.classes.empty()) {
    if (!sampler->conditional()) throw missing_capability(*run, Capability::conditional_sampler);
    columns = ask_for_classes(asked, *sampler, *run, request);
  }
  if (!asked.texts.empty()) columns = ask_for_texts(asked, *sampler, *run, request);
  const auto& names = run->shape().attributes;
  if (!asked.attributes.empty()) {
    check_attributes(*sampler, *run);
    const auto row = torch::tensor(asked_attributes(asked.attributes, names, run->recipe().name));
    request.condition.attributes = row.repeat({request.count, 1});
  }
  Progress progress;
  request.progress = [&](double done) {
    progress.update_each_second(fmt::format("{}: {:.0f} %", counted(request.count, "sample"), 100 * done));
    return true;
  };
  const auto drawn = draw(*sampler, request);
  progress.finish();
  out.write(drawn, facts_of(request.condition, names), columns);
  fmt::print("{} of {} (step {}) in {}\n", counted(request.count, "sample"), run->recipe().name, run->step(),
             asked.out);
  return ExitCode::ok;
}

}  // namespace

void add_sample(Verb program) {
  auto request = std::make_shared<SampleVerb>();
  auto verb = program.verb("sample", "Draw new data from a trained run");
  add_run(verb, request->run);
  verb.option("-n,--count", request->count,
              "Number of samples; divided equally among the classes or texts asked for, rounded up")
      .between(1, 10'000'000);
  verb.option("--class", request->classes,
              "Classes to draw: all, or names or numbers such as 3,5; a grid has one row per class");
  verb.option("--attributes", request->attributes,
              "Values of attributes, such as bold=1,italic=0; the model chooses the others");
  verb.option("--text", request->texts,
              "Text that the samples should show; may be repeated, a grid has one row per text");
  verb.option("--seed", request->seed, "Seed; the same seed gives the same samples");
  verb.option(
      "--out", request->out,
      "F.png: a grid; F.npz: uint8 images [N,H,W,C] or points, with the labels and attributes asked for; "
      "DIR/: one PNG per image");
  verb.does([request] { return sample(*request); });
}

}  // namespace belamy::cli
