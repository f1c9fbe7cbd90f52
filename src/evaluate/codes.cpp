// How well classes can be read from codes.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/clustering.h"
#include "metrics/probes.h"
#include "tensors/dataset_tensors.h"
#include "use/in_batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kNeighbours = 5;
constexpr std::int64_t kRestarts = 5;

// A linear probe, k-NN and k-means on the codes of the training examples, measured on the test set.
void take_codes(EvaluationContext& context) {
  const auto& train = context.train();
  const auto& test = context.test();
  if (train.labels.empty() || test.labels.empty()) {
    throw data_error("'" + train.name + "' has no labels, which the measures of codes need",
                     "evaluate without codes, or use data with classes");
  }
  context.progress("encoding the data");
  const auto encode = [&](const Tensor& data) {
    return in_batches(context.run(), data,
                      [&](const Tensor& x) { return context.model().encoder()->encode(x).flatten(1); });
  };
  const auto codes = encode(context.train_data()), test_codes = encode(context.test_data());
  const auto labels = torch::tensor(train.labels), test_labels = torch::tensor(test.labels);
  const auto share = [&](const Tensor& found) {
    return (found == test_labels).to(torch::kDouble).mean().item<double>();
  };
  const auto add = [&](const char* key, double accuracy, const std::string& how) {
    context.add(key, accuracy, fmt::format("{}; {}", how, share_error(accuracy, test.count)),
                {.samples = codes.size(0), .examples = test.count});
  };
  const auto known = train.labels.size();

  context.progress("fitting a linear classifier to the codes");
  add("linear-probe-accuracy", share(fit_linear_probe(codes, labels).predict(test_codes)),
      fmt::format("logistic regression on {} of {} with their labels", counted(known, "code"),
                  counted(codes.size(1), "value")));
  context.progress("searching the neighbours of the codes");
  add("k-nn-accuracy", share(nearest_labels(test_codes, codes, labels, kNeighbours)),
      fmt::format("k = {}, among {}", kNeighbours, counted(known, "code")));
  context.progress("clustering the codes");
  const auto classes = static_cast<std::int64_t>(train.class_names.size());
  const auto clusters = k_means(codes, classes, {.restarts = kRestarts, .seed = context.seed()});
  const auto found = cluster_accuracy(assign_clusters(test_codes, clusters.centres), test_labels);
  add("k-means-accuracy", found.one_to_one,
      fmt::format("{}, each matched with one class; {:.4f} where each takes its commonest class",
                  counted(classes, "cluster"), found.majority));
}

}  // namespace

namespace measures {

Measure codes() {
  return {.key = "codes",
          .text = "accuracy of classes read from the codes",
          .cost = "minutes",
          .needs = Capability::encoder,
          .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::encoder); },
          .take = take_codes,
          .asked = [](const EvaluationRequest& request) { return request.codes; },
          .only_asked = true};
}

}  // namespace measures
}  // namespace belamy
