// The error of a classifier, the area under its ROC curve where it has two classes, or of clusters matched with classes.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/progress.h"
#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/clustering.h"
#include "metrics/roc.h"
#include "tensors/dataset_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

Tensor logits_by(EvaluationContext& context, const Dataset& data) {
  auto* classifier = context.model().classifier();
  return in_batches(context.run(), data_tensor(data),
                    [&](const Tensor& x) { return classifier->classify(x); });
}

// For a model whose classes are clusters that it found by itself.
void add_cluster_errors(EvaluationContext& context) {
  const auto& test = context.test();
  const auto found = cluster_accuracy(logits_by(context, test).argmax(1), torch::tensor(test.labels));
  const auto add = [&](const char* key, double accuracy, const char* how) {
    context.add(
        key, 1 - accuracy,
        fmt::format("{}, {}; {} of {}, {}", counted(context.model().classifier()->classes(), "cluster"), how,
                    counted(test.count, "test example"), test.name, share_error(accuracy, test.count)),
        {.examples = test.count});
  };
  add("cluster-error", found.one_to_one, "each matched with one class");
  add("cluster-error-by-majority", found.majority, "each takes its commonest class");
}

void add_error(EvaluationContext& context, const char* key, const Dataset& test, const Tensor& logits) {
  const auto wrong = logits.argmax(1) != torch::tensor(test.labels);
  const double error = wrong.to(torch::kDouble).mean().item<double>();
  context.add(key, error,
              fmt::format("{} of {} of {} wrong, {}", wrong.sum().item<std::int64_t>(),
                          counted(test.count, "test example"), test.name, share_error(error, test.count)),
              {.examples = test.count});
}

// How well the logits [N, 2] of two classes separate them, whatever the threshold.
void add_roc_area(EvaluationContext& context, const Dataset& test, const Tensor& logits) {
  std::vector<bool> second;
  for (const auto label : test.labels) second.push_back(label == 1);
  const auto count = std::count(second.begin(), second.end(), true);
  if (count == 0 || count == test.count) return;
  const auto found = roc_area(logits.select(1, 1) - logits.select(1, 0), second);
  context.add(
      "roc-auc", found.area,
      fmt::format("{} of '{}' against {} of '{}' of {}, standard error {:.2g} (DeLong)", found.strange,
                  test.class_names[1], found.usual, test.class_names[0], test.name, found.standard_error),
      {.examples = test.count});
}

// A model that adapts to a second domain is measured on it, and also on the first.
void take_classification(EvaluationContext& context) {
  const auto& test = context.test();
  if (test.labels.empty()) throw data_error("the data have no labels");
  if (!context.model().classifier()->supervised()) return add_cluster_errors(context);
  const bool adapts = context.run().recipe().model->relation == Relation::domains && !test.others.empty();
  const auto logits = logits_by(context, test);
  if (!adapts) {
    add_error(context, "classification-error", test, logits);
    if (context.model().classifier()->classes() == 2) add_roc_area(context, test, logits);
    return;
  }
  if (const auto& target = test.others[0]; !target.labels.empty())
    add_error(context, "classification-error", target, logits_by(context, target));
  add_error(context, "source-classification-error", test, logits);
}

}  // namespace

namespace measures {

Measure classification() {
  return {.key = "classification",
          .text = "error of predicted classes",
          .cost = "seconds",
          .needs = Capability::classifier,
          .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::classifier); },
          .take = take_classification};
}

}  // namespace measures
}  // namespace belamy
