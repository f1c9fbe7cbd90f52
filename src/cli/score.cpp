// The verb `score`: ranks data by how unusual they are.
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/progress.h"
#include "core/text.h"
#include "data/dataset.h"
#include "metrics/roc.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "use/in_batches.h"
#include "use/outlier_scores.h"

namespace belamy::cli {
namespace {

struct ScoreRequest {
  RunRequest run;
  std::string data, by, out, sheet, maps;
  std::vector<std::string> normal;
  std::int64_t show = 10;
};

constexpr std::int64_t kScoreColumns = 16, kSheetRows = 2;
constexpr double kBrightestShare = 0.995;  // of the pixels of maps; the others are all white

bool is_foreign(const ScoreRequest& request, const Run& run) {
  return !request.data.empty() && request.data != run.recipe().data.source;
}

// All classes, whatever the run was trained on: a scorer has to tell them apart. A foreign source without a
// test set is used as a whole; of the run's own data only what it was not trained on.
DataOptions options_of(const ScoreRequest& request, const Run& run) {
  if (is_foreign(request, run)) return whole_options(run, request.data);
  auto options = fitted_options(run, request.data);
  options.classes.clear();
  return options;
}

// Whether each example is of an unusual class: one that --normal does not name or, without --normal, that the
// model was not trained on. Empty if neither tells which classes are usual.
std::vector<bool> strange_ones(const ScoreRequest& request, const Run& run, const Dataset& set) {
  const auto& trained = run.recipe().data.classes;
  if (request.normal.empty() && (trained.empty() || is_foreign(request, run))) return {};
  if (set.labels.empty())
    throw data_error("'" + set.name + "' has no labels, which --normal needs", "leave --normal out");
  const auto usual =
      class_numbers(request.normal.empty() ? trained : request.normal, set.class_names, set.name);
  std::vector<bool> strange;
  for (const auto label : set.labels)
    strange.push_back(std::find(usual.begin(), usual.end(), label) == usual.end());
  return strange;
}

void print_area(const Dataset& set, const Tensor& scores, std::vector<bool> strange) {
  if (strange.empty()) return;
  std::vector<double> values(scores.data_ptr<double>(), scores.data_ptr<double>() + scores.numel());
  // A score that is not finite says nothing and is left out of the curve.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    values[kept] = values[i];
    strange[kept++] = strange[i];
  }
  values.resize(kept);
  strange.resize(kept);
  const auto area = roc_area(values, strange);
  fmt::print("ROC AUC {:.4f}, standard error {:.4f} (DeLong): {} usual, {} strange data of {}\n", area.area,
             area.standard_error, area.usual, area.strange, set.name);
}

// A row of images, one of their reconstructions if the model makes some, and one of heat maps.
void draw_maps(Run& run, const OutlierScore& by, const Tensor& images, const OutputPath& file) {
  const auto maps = outlier_maps(run, by, images);
  const auto heats = maps.heat.flatten();
  const auto place =
      static_cast<std::int64_t>(std::ceil(kBrightestShare * static_cast<double>(heats.numel())));
  const auto white = std::get<0>(heats.kthvalue(place)).item<double>();
  std::vector<Tensor> rows = {images};
  if (maps.reconstructions.defined()) rows.push_back(maps.reconstructions);
  rows.push_back(heat_colours(maps.heat, white));
  write_picture(file, rows_picture(std::move(rows), images.size(0)));
  fmt::print("the {} strangest, {}where they are unusual: {}\n", images.size(0),
             maps.reconstructions.defined() ? "their reconstructions, and " : "and ", file.path().string());
}

ExitCode score(const ScoreRequest& request) {
  const auto run = request.run.open();
  const auto by = outlier_score(*run, request.by);
  const auto options = options_of(request, *run);
  const auto inputs = inputs_of(request.run, options);
  const auto ranks = optional_output("--out", request.out, OutputKind::csv, inputs);
  const auto sheet = optional_output("--sheet", request.sheet, OutputKind::png, inputs);
  const auto maps = optional_output("--maps", request.maps, OutputKind::png, inputs);
  const auto set = load_dataset(options, Split::test);
  check_fits(*run, set);
  if (!set.is_images()) {
    for (const auto* option : {sheet ? "--sheet" : "", maps ? "--maps" : ""}) {
      if (*option != 0)
        throw usage_error(fmt::format("{} draws images, but the data are points", option),
                          fmt::format("leave {} out", option));
    }
  }
  for (const auto& note : set.notes) warn(note);
  const auto strange = strange_ones(request, *run, set);
  const auto data = data_tensor(set);
  const auto scores = in_batches(*run, data, by.of).to(torch::kDouble).contiguous();
  const auto order = ranked(scores);
  fmt::print("{} of {}, ranked by {}; the most unusual first\n", counted(set.count, "example"), set.name,
             by.name);
  tell_ranks(set, scores, order, "score", request.show, ranks);
  print_area(set, scores, strange);
  const auto ranked_images = [&](std::int64_t from, std::int64_t n) {
    return to_model_range(data.index_select(0, torch::tensor(order).narrow(0, from, n)));
  };
  if (sheet) {
    // The strangest, a white row, then the most usual ones.
    const auto n = std::min<std::int64_t>(kScoreColumns * kSheetRows, set.count);
    const auto columns = std::min(kScoreColumns, n);
    const auto gap = torch::ones(run->shape().sizes(columns + (columns - n % columns) % columns));
    write_picture(
        *sheet, image_grid(torch::cat({ranked_images(0, n), gap, ranked_images(set.count - n, n)}), columns));
    fmt::print("the {} strangest above, the {} most usual below: {}\n", n, n, request.sheet);
  }
  if (maps) draw_maps(*run, by, ranked_images(0, std::min<std::int64_t>(kScoreColumns, set.count)), *maps);
  return ExitCode::ok;
}

}  // namespace

void add_score(Verb program) {
  auto request = std::make_shared<ScoreRequest>();
  auto verb = program.verb("score", "Rank data by how unusual a run finds them, the most unusual first");
  add_run(verb, request->run);
  add_test_data_or_all(verb, request->data);
  verb.option("--by", request->by,
              "Score: scorer (the model's own), density (negative log-likelihood) or reconstruction (squared "
              "error) [the first that the model has]")
      .one_of(outlier_score_keys());
  verb.option("--normal", request->normal,
              "Class that counts as usual in the ROC curve; may be repeated [those of data.classes]");
  verb.option("-n,--count", request->show, "Number of lines to print").between(0, 10'000'000);
  verb.option("--out", request->out, "F.csv: rank, score, name and label of every example");
  verb.option("--sheet", request->sheet, "F.png: the strangest and the most usual images");
  verb.option(
      "--maps", request->maps,
      "F.png: the strangest images and heat maps of where they are unusual, by the difference from their "
      "reconstruction or, if the model makes none, by the slope of the score");
  verb.does([request] { return score(*request); });
}

}  // namespace belamy::cli
