// The classification accuracy score: Ravuri & Vinyals 2019 (arXiv:1905.10887).
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/measure.h"

namespace belamy {
namespace {

// The accuracy on the test images of a classifier that is trained on these images alone.
double accuracy_after(EvaluationContext& context, const Tensor& images, const Tensor& labels,
                      const std::string& what) {
  const ClassifierOptions options{
      .epochs = judge_passes(images.size(0)), .seed = context.seed(), .device = context.run().device()};
  FeatureClassifier classifier(images.size(1), images.size(3),
                               static_cast<std::int64_t>(context.train().class_names.size()), options);
  classifier.train(images, labels, [&](double done, double) {
    context.progress(fmt::format("training a classifier on {}: {:.0f} %", what, 100 * done));
  });
  return classifier.accuracy(context.test_data(), torch::tensor(context.test().labels));
}

void take_accuracy_score(EvaluationContext& context) {
  const auto& labels = context.asked_classes();
  if (context.test().labels.empty()) throw data_error("the test images have no classes");
  context.check_size();
  const auto& samples = context.sample_bytes();
  const auto score = accuracy_after(context, samples, labels, counted(samples.size(0), "sample"));
  const auto& images = context.train_data();
  const auto n = std::min(samples.size(0), images.size(0));
  const auto pick = evenly_spread(n, images.size(0));
  const auto real = accuracy_after(context, images.index_select(0, pick),
                                   torch::tensor(context.train().labels).index_select(0, pick),
                                   counted(n, "training image"));
  const auto tests = context.test().count;
  auto basis = context.sample_basis();
  basis.resize = "none";
  context.add("classification-accuracy-score", score,
              fmt::format("share of {} that a classifier names right, which was trained on {}; {}",
                          counted(tests, "test image"), counted(samples.size(0), "sample"),
                          share_error(score, tests)),
              basis);
  context.add("classification-accuracy-of-real-images", real,
              fmt::format("the same, trained on {} instead", counted(n, "training image")), basis);
}

}  // namespace

namespace measures {

Measure classification_accuracy_score() {
  return {.key = "classification-accuracy-score",
          .text = "accuracy on real images of a classifier that is trained on samples",
          .cost = "minutes",
          .needs = Capability::conditional_sampler,
          .fits = fits_classes_of_images(Capability::conditional_sampler),
          .take = take_accuracy_score,
          .only_asked = true};
}

}  // namespace measures
}  // namespace belamy
