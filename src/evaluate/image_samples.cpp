// Compares samples of images with the test set: in the features of a classifier, by classes, and by pixels.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/frechet.h"
#include "metrics/nearest.h"
#include "metrics/precision_recall.h"

namespace belamy {
namespace {

constexpr std::int64_t kManifoldNeighbours = 5;
constexpr std::int64_t kPixelQueries = 2000;

bool samples_images(const ModelInfo& model, const DataShape& shape) {
  return model.can(Capability::sampler) && shape.is_images();
}

void take_frechet(EvaluationContext& context) {
  const auto& features = context.features();
  const double found = frechet_distance(features.samples, features.test);
  const double floor = frechet_distance(features.floor, features.test);
  const auto basis = context.classifier_basis();
  context.add("classifier-frechet", found,
              fmt::format("Frechet distance in the features of {}; {} against {}; not FID, and not "
                          "comparable with FID",
                          context.judge_text(), counted(basis.samples, "sample"),
                          counted(basis.examples, "test image")),
              basis);
  context.add("classifier-frechet-floor", floor, "the same for real training images", basis);
  context.add("classifier-frechet-over-floor", found / floor, "", basis);
}

void take_precision_recall(EvaluationContext& context) {
  const auto& features = context.features();
  const auto found = manifold_scores(features.test, features.samples, kManifoldNeighbours);
  const auto floor = manifold_scores(features.test, features.floor, kManifoldNeighbours);
  const auto note = [](double real) {
    return fmt::format("k = {}; real training images: {:.3f}", kManifoldNeighbours, real);
  };
  context.add("precision", found.precision, note(floor.precision), context.classifier_basis());
  context.add("recall", found.recall, note(floor.recall), context.classifier_basis());
  context.add("density", found.density, note(floor.density), context.classifier_basis());
  context.add(
      "coverage", found.coverage,
      note(floor.coverage) + fmt::format("; equal distributions: {:.3f}",
                                         coverage_of_equals(features.test.size(0), features.samples.size(0),
                                                            kManifoldNeighbours)),
      context.classifier_basis());
}

void take_class_distance(EvaluationContext& context) {
  const auto shares =
      class_shares(context.classifier().classifier, context.sample_bytes(), context.test_data());
  context.add("class-distance", shares.distance,
              fmt::format("total variation between the class shares of samples and test set; samples: {}",
                          fmt::join(shares.samples, " ")),
              context.classifier_basis());
}

void take_memorisation(EvaluationContext& context) {
  context.progress("searching the training set for the samples");
  const auto some = [&](const Tensor& images) {
    return images.index_select(0, choose_rows(images, kPixelQueries, context.seed()));
  };
  const auto samples = some(context.sample_bytes()), test = some(context.test_data());
  const auto found = check_memorisation(samples, context.train_data(), test);
  context.add(
      "memorisation", found.median_ratio,
      fmt::format("median distance to the nearest training image, samples divided by test images (1: no "
                  "memorisation, 0: copies); {:.1f} % of samples are nearer than 99 % of test images",
                  100 * found.share_nearer),
      {.samples = samples.size(0), .examples = test.size(0), .range = "[0, 1]"});
}

Measure image_measure(const char* key, const char* text, void (*take)(EvaluationContext&)) {
  return {.key = key,
          .text = text,
          .cost = "seconds; minutes the first time",
          .needs = Capability::sampler,
          .fits = samples_images,
          .take = take};
}

}  // namespace

namespace measures {

Measure frechet() {
  return image_measure("frechet", "Frechet distance in the features of a classifier", take_frechet);
}
Measure precision_recall() {
  return image_measure("precision-recall", "precision, recall, density and coverage of samples",
                       take_precision_recall);
}
Measure class_distance() {
  return image_measure("class-distance", "difference between the classes of samples and of the data",
                       take_class_distance);
}
Measure memorisation() {
  return image_measure("memorisation", "copies of training data among the samples", take_memorisation);
}

}  // namespace measures
}  // namespace belamy
