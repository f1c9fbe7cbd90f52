// An autoencoder and a VAE trained on healthy X-rays only: how well their scores separate ill from healthy
// images, compared with scores that need no network, and with the same models trained on both.
#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "belamy/recipe.h"

#include "core/text.h"
#include "labs/areas.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/line.h"
#include "labs/one_thread.h"
#include "metrics/pairwise.h"
#include "metrics/principal.h"
#include "metrics/roc.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// Training and test data.
struct Task {
  Dataset healthy, mixed, test;
  std::vector<bool> strange;  // [N of test]
  std::string usual, unusual;
  bool letters = false;  // no X-rays
};

// X-rays, with class 0 healthy; from the glyphs the letter O against Q.
Task make_task(const Lab& lab) {
  DataOptions options;
  options.source = at_hand(lab.text("data"));
  Task task;
  const bool letters = task.letters = options.source == "glyphs";
  if (letters) options.size = 16;
  const std::string usual = letters ? "O" : "0", unusual = letters ? "Q" : "1";
  task.usual = letters ? "the letter O" : "healthy";
  task.unusual = letters ? "the letter Q" : "pneumonia";
  options.classes = {usual, unusual};
  task.test = load_dataset(options, Split::test);
  task.mixed = load_dataset(options, Split::train);
  options.classes = {usual};
  task.healthy = load_dataset(options, Split::train);
  const auto normal = class_numbers(options.classes, task.test.class_names, task.test.name)[0];
  for (const auto label : task.test.labels) task.strange.push_back(label != normal);
  return task;
}

Tensor train_and_score(const Lab& lab, const std::string& model, const Dataset& data, std::int64_t seed,
                       const Tensor& test) {
  const auto recipe = Recipe::parse(
      "[model]\nname = \"" + model + "\"\n", "lab outliers",
      {fmt::format("model.hidden=[{}]", lab.integer("width")),
       fmt::format("model.code={}", lab.integer("code")), fmt::format("train.steps={}", lab.integer("steps")),
       fmt::format("train.batch={}", lab.integer("batch")), fmt::format("train.seed={}", seed),
       fmt::format("optimizer.{}.schedule=cosine", model)});
  Session session(*recipe, data, torch::kCPU);
  while (!session.finished()) session.run_step();
  const ModelState::Evaluation evaluation(session.state());
  return session.state().model().scorer()->score(test).to(torch::kDouble);
}

// The area by its definition, pair by pair.
double share_of_pairs(const Tensor& scores, const std::vector<bool>& strange) {
  const auto is_strange = torch::tensor(std::vector<std::int64_t>(strange.begin(), strange.end())) == 1;
  const auto high = scores.masked_select(is_strange).unsqueeze(1), low = scores.masked_select(~is_strange);
  return ((high > low).to(torch::kDouble) + 0.5 * (high == low).to(torch::kDouble)).mean().item<double>();
}

LabSeries curve_of(const std::string& name, const Tensor& scores, const std::vector<bool>& strange) {
  const auto values = scores.to(torch::kDouble).contiguous();
  LabSeries series{name, {}, {}};
  for (const auto& [false_alarms, hits] :
       roc_curve({values.data_ptr<double>(), static_cast<std::size_t>(values.numel())}, strange)) {
    series.x.push_back(false_alarms);
    series.y.push_back(hits);
  }
  return series;
}

}  // namespace

void outliers(Lab& lab) {
  const OneThread one_thread;
  const auto task = make_task(lab);
  const auto test = to_model_range(data_tensor(task.test));
  const auto healthy = to_model_range(data_tensor(task.healthy)).flatten(1);
  LabTable table{{"score", "trained on", "AUC", "over seeds", "DeLong's error"}, {}};
  LabChart chart{{"share of usual images called strange", false, 0, 1},
                 {"share of strange images found", false, 0, 1},
                 {},
                 {},
                 true};
  const auto add = [&](const std::string& name, const std::string& data, const Spread& s, bool seeds) {
    table.rows.push_back({name, data, fmt::format("{:.3f}", s.mean),
                          seeds ? fmt::format("± {:.3f}", s.deviation) : "–",
                          fmt::format("{:.3f}", s.error)});
  };

  // Scores that need no network.
  const auto flat = test.flatten(1);
  const auto plain = [&](const std::string& name, const Tensor& scores) {
    const auto area = roc_area(scores, task.strange);
    add(name, task.usual, {area.area, 0, area.standard_error}, false);
    chart.series.push_back(curve_of(name, scores, task.strange));
    chart.series.back().dashed = true;
    return area.area;
  };
  const double brightness = plain("mean brightness", flat.mean(1));
  plain("distance to the nearest training image", std::get<0>(squared_distances(flat, healthy).min(1)));
  const double contrast = plain("low contrast: minus the deviation of the pixels", -flat.std(1));
  const auto components = principal_components(healthy, lab.integer("axes"));
  const auto rows = flat.to(torch::kDouble);
  const double pca = plain(fmt::format("error of {} principal components", lab.integer("axes")),
                           (project(rows, components) - rows).square().sum(1));
  // These two are claims about X-rays.
  for (const auto& [key, area] : {std::pair("contrast", contrast), std::pair("pca", pca)})
    task.letters ? lab.skip(key) : lab.measure(key, area);

  std::map<std::string, Spread> alone, both;
  Tensor example;
  for (const std::string model : {"autoencoder", "vae"}) {
    std::vector<RocArea> on_healthy, on_both;
    for (std::int64_t run = 0; run < lab.integer("runs"); ++run) {
      lab.say(fmt::format("{}, seed {} of {}", model, run + 1, lab.integer("runs")));
      const auto scores = train_and_score(lab, model, task.healthy, lab.integer("seed") + run, test);
      on_healthy.push_back(roc_area(scores, task.strange));
      if (run == 0) {
        chart.series.push_back(curve_of(model, scores, task.strange));
        if (model == "autoencoder") example = scores;
      }
      on_both.push_back(
          roc_area(train_and_score(lab, model, task.mixed, lab.integer("seed") + run, test), task.strange));
    }
    alone[model] = spread_of(on_healthy);
    both[model] = spread_of(on_both);
    add(model, task.usual, alone[model], true);
    add(model, "both", both[model], true);
  }
  const auto& coder = alone["autoencoder"];
  const auto& vae = alone["vae"];
  lab.measure("autoencoder", (coder.mean - 0.5) / coder.error);
  lab.measure("vae", (vae.mean - 0.5) / vae.error);
  lab.measure("brightness", (vae.mean - std::max(brightness, 1 - brightness)) / vae.error);
  lab.measure("both",
              std::min(coder.mean - both["autoencoder"].mean, vae.mean - both["vae"].mean) / vae.error);
  lab.measure("seeds", std::max(coder.deviation / coder.error, vae.deviation / vae.error));
  lab.measure("pairs",
              std::abs(share_of_pairs(example, task.strange) - roc_area(example, task.strange).area));

  lab.table("Areas under the curve",
            fmt::format("{}: {} usual ({}), {} strange ({}). *Over seeds* is the deviation between "
                        "trainings, *DeLong's error* that of one area for so few test images.",
                        counted(task.test.count, "test image"),
                        std::count(task.strange.begin(), task.strange.end(), false), task.usual,
                        std::count(task.strange.begin(), task.strange.end(), true), task.unusual),
            std::move(table));
  lab.chart("Receiver operating characteristic", "Dashed: scores that need no network.", std::move(chart));
  const auto order = example.argsort(0, /*descending=*/true);
  const auto n = std::min<std::int64_t>(16, order.size(0) / 2);
  lab.picture("By the autoencoder", "The strangest test images above, the most usual below.",
              image_grid(torch::cat({test.index_select(0, order.narrow(0, 0, n)),
                                     test.index_select(0, order.narrow(0, order.size(0) - n, n))}),
                         n));
}

}  // namespace belamy::labs
