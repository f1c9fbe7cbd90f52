// How well the scores of a run trained on some classes tell the others from them.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/roc.h"
#include "tensors/dataset_tensors.h"
#include "use/in_batches.h"
#include "use/outlier_scores.h"

namespace belamy {
namespace {

bool has_usual_classes(const Recipe& recipe) {
  return !recipe.data.classes.empty();
}

void take_outlier_area(EvaluationContext& context) {
  auto& run = context.run();
  if (!has_usual_classes(run.recipe()))
    throw data_error(
        "the run was trained on all classes, so none is unusual; data.classes names those to train on");
  const auto set = context.test_of_all_classes();
  if (set.labels.empty()) throw data_error("the data have no labels to tell which examples are unusual");
  const auto usual = class_numbers(run.recipe().data.classes, set.class_names, set.name);
  std::vector<bool> strange;
  for (const auto label : set.labels)
    strange.push_back(std::find(usual.begin(), usual.end(), label) == usual.end());
  const auto data = data_tensor(set);
  for (const auto& score : outlier_scores(run, context.request().seed)) {
    context.progress(fmt::format("outliers by {}", score.name));
    const auto area = roc_area(in_batches(run, data, score.of), strange);
    context.add("outlier-auc:" + score.key, area.area,
                fmt::format("{}; {} of the classes {} and {} others, standard error {:.2g} (DeLong)",
                            score.name, area.usual, fmt::join(run.recipe().data.classes, ", "), area.strange,
                            area.standard_error),
                {.examples = set.count});
  }
}

}  // namespace

namespace measures {

Measure outlier_area() {
  return {.key = "outlier-auc",
          .text = "how well each score tells other classes from those of the training",
          .cost = "seconds",
          .needs = Capability::scorer,
          .fits =
              [](const ModelInfo& model, const DataShape&) {
                return model.can(Capability::scorer) || model.can(Capability::density) ||
                       model.can(Capability::reconstructor);
              },
          .take = take_outlier_area,
          .concerns = has_usual_classes};
}

}  // namespace measures
}  // namespace belamy
