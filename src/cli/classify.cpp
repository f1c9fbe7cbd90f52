// The verb `classify`: names the classes of images.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "tensors/dataset_tensors.h"
#include "use/in_batches.h"

namespace belamy::cli {
namespace {

struct ClassifyRequest {
  RunRequest run;
  std::string data, out;
  std::int64_t show = 10;
};

// The names of the run's classes; their numbers if its data cannot be read any more.
std::vector<std::string> class_names_of(const Run& run, std::int64_t classes) {
  std::vector<std::string> names;
  auto options = run.recipe().data;
  // One image suffices to learn the names, unless images are paired.
  if (options.pairs == "none") options.limit = options.target_limit = 1;
  try {
    names = load_dataset(options, Split::train).class_names;
  } catch (const Error& error) {
    warn(
        fmt::format("classes are shown as numbers, because the run's data cannot be read: {}", error.what()));
  }
  for (auto k = static_cast<std::int64_t>(names.size()); k < classes; ++k) names.push_back(std::to_string(k));
  return names;
}

ExitCode classify(const ClassifyRequest& request) {
  const auto run = request.run.open();
  auto* classifier = require_capability(run->model().classifier(), *run, Capability::classifier);
  const bool foreign = !request.data.empty() && request.data != run->recipe().data.source;
  const auto options = foreign ? whole_options(*run, request.data) : fitted_options(*run, request.data);
  const auto inputs = inputs_of(request.run, options);
  const auto out = optional_output("--out", request.out, OutputKind::csv, inputs);
  auto set = load_dataset(options, Split::test);
  // A model that was adapted to a second domain classifies that domain.
  if (!foreign && run->recipe().model->relation == Relation::domains && !set.others.empty())
    set = Dataset(set.others[0]);
  check_fits(*run, set);
  for (const auto& note : set.notes) warn(note);
  const auto names = classifier->supervised() ? class_names_of(*run, classifier->classes())
                                              : numbered_classes(classifier->classes());
  const auto beliefs =
      in_batches(*run, data_tensor(set), [&](const Tensor& x) { return classifier->classify(x).softmax(1); });
  const auto [belief, found] = beliefs.max(1);

  fmt::print("{:<12} {:>6}  name\n", "class", "belief");
  std::string csv = "name,class,belief\n";
  const bool judges = classifier->supervised() && !set.labels.empty();
  std::int64_t right = 0, judged = 0;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto k = static_cast<std::size_t>(found[i].item<std::int64_t>());
    const auto share = belief[i].item<float>();
    if (i < request.show) fmt::print("{:<12} {:>6.3f}  {}\n", names[k], share, set.name_of(i));
    csv += fmt::format("{},{},{:.6f}\n", quoted(set.name_of(i)), quoted(names[k]), share);
    if (!judges) continue;
    // By name: the user's folder may have fewer classes, or another order.
    const auto& label = set.class_names[static_cast<std::size_t>(set.labels[static_cast<std::size_t>(i)])];
    if (std::find(names.begin(), names.end(), label) == names.end()) continue;
    ++judged;
    right += label == names[k];
  }
  if (set.count > request.show) fmt::print("... {} in all\n", format_count(set.count));
  if (judged > 0)
    fmt::print("correct: {} of {}{}, {:.2f} %\n", format_count(right), counted(judged, "labelled example"),
               judged < set.count ? " whose class the run knows" : "",
               100.0 * static_cast<double>(right) / static_cast<double>(judged));
  if (out) {
    write_output(*out, csv);
    fmt::print("all in {}\n", request.out);
  }
  return ExitCode::ok;
}

}  // namespace

void add_classify(Verb program) {
  auto request = std::make_shared<ClassifyRequest>();
  auto verb = program.verb("classify", "Predict the class of each example");
  add_run(verb, request->run);
  add_test_data_or_all(verb, request->data);
  verb.option("-n,--count", request->show, "Number of lines to print").between(0, 10'000'000);
  verb.option("--out", request->out, "F.csv: name, class and belief of every example");
  verb.does([request] { return classify(*request); });
}

}  // namespace belamy::cli
