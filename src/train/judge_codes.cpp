#include <cmath>
#include <torch/types.h>

#include "belamy/error.h"

#include "metrics/clustering.h"
#include "metrics/probes.h"
#include "train/batches.h"
#include "train/judge_parts.h"
#include "train/need.h"
#include "train/run_batches.h"

namespace belamy {
namespace {

constexpr std::int64_t kNeighbours = 5;
constexpr std::int64_t kRestarts = 5;

}  // namespace

void judge_codes(Run& run, const Dataset& train, const Dataset& test, std::int64_t seed,
                 std::vector<ReportScore>& scores, const JudgeProgress& progress) {
  auto* encoder = need(run.model().encoder(), run, Capability::encoder);
  if (train.labels.empty() || test.labels.empty()) {
    throw data_error("'" + train.name + "' has no labels to compare codes with",
                     "evaluate without codes, or use data with classes");
  }
  progress("encoding the data");
  const auto encode = [&](const Dataset& set) {
    return in_batches(run, data_tensor(set), [&](const Tensor& x) { return encoder->encode(x).flatten(1); });
  };
  const auto codes = encode(train), test_codes = encode(test);
  const auto labels = torch::tensor(train.labels), test_labels = torch::tensor(test.labels);
  const auto share = [&](const Tensor& found) {
    return (found == test_labels).to(torch::kDouble).mean().item<double>();
  };
  const auto n = static_cast<double>(test.count);
  const auto note = [&](double accuracy, const std::string& how) {
    return fmt::format("{}; standard error {:.2g}", how, std::sqrt(accuracy * (1 - accuracy) / n));
  };
  const auto known = train.labels.size();

  progress("fitting a linear classifier to the codes");
  const auto probe = share(fit_linear_probe(codes, labels).predict(test_codes));
  scores.push_back({"linear probe accuracy", probe, "",
                    note(probe, fmt::format("logistic regression on {} codes of {} values with their labels",
                                            known, codes.size(1)))});
  progress("searching the neighbours of the codes");
  const auto near = share(nearest_labels(test_codes, codes, labels, kNeighbours));
  scores.push_back(
      {"k-nn accuracy", near, "", note(near, fmt::format("k = {}, among {} codes", kNeighbours, known))});
  progress("clustering the codes");
  const auto classes = static_cast<std::int64_t>(train.class_names.size());
  const auto clusters =
      k_means(codes, classes, {.restarts = kRestarts, .seed = static_cast<std::uint64_t>(seed)});
  const auto found = cluster_accuracy(assign_clusters(test_codes, clusters.centres), test_labels);
  scores.push_back(
      {"k-means accuracy", found.one_to_one, "",
       note(found.one_to_one,
            fmt::format(
                "{} clusters, each matched with one class; {:.4f} where each takes its commonest class",
                classes, found.majority))});
}

}  // namespace belamy
