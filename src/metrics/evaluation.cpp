#include "metrics/evaluation.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>

#include "belamy/error.h"

#include "metrics/frechet.h"
#include "metrics/transport.h"

namespace belamy {
namespace {

using torch::Tensor;

// At most `count` random rows of `images`, [count] int64. Not the first ones, since sets may be sorted.
Tensor choose_rows(const Tensor& images, std::int64_t count, std::uint64_t seed) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const Tensor order = torch::randperm(images.size(0), generator, torch::kLong);
  return order.narrow(0, 0, std::min(count, images.size(0))).to(images.device());
}

Tensor choose(const Tensor& images, std::int64_t count, std::uint64_t seed) {
  return images.index_select(0, choose_rows(images, count, seed));
}

std::vector<std::int64_t> count_classes(const Tensor& logits) {
  const Tensor counts = torch::bincount(logits.argmax(1), {}, logits.size(1)).cpu();
  return {counts.data_ptr<std::int64_t>(), counts.data_ptr<std::int64_t>() + counts.numel()};
}

double total_variation(const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b) {
  const Tensor p = torch::tensor(a, torch::kDouble);
  const Tensor q = torch::tensor(b, torch::kDouble);
  return 0.5 * (p / p.sum() - q / q.sum()).abs().sum().item<double>();
}

FeatureScores score(const Tensor& features, const Tensor& test_features, std::int64_t neighbours) {
  return {frechet_distance(features, test_features), manifold_scores(test_features, features, neighbours)};
}

PointDistances distances(const Tensor& points, const Tensor& test, const PointJudgeOptions& options) {
  const auto moved = std::min({options.moved, points.size(0), test.size(0)});
  // Different rows of both, in case they are one set.
  return {sliced_wasserstein(points, test, {.seed = options.seed}),
          earth_movers_distance(choose(points, moved, options.seed), choose(test, moved, options.seed + 1)),
          moved};
}

}  // namespace

SampleQuality judge_samples(const FeatureClassifier& classifier, const Tensor& samples, const Tensor& train,
                            const Tensor& test, const JudgeOptions& options) {
  if (options.pixel_queries < 1) throw usage_error("the search in the training set needs at least one image");
  const Tensor features = classifier.features(samples);
  const Tensor test_features = classifier.features(test);
  const Tensor floor_features = classifier.features(choose(train, samples.size(0), options.seed));

  SampleQuality quality;
  quality.samples = score(features, test_features, options.neighbours);
  quality.floor = score(floor_features, test_features, options.neighbours);
  quality.class_histogram = count_classes(classifier.logits(samples));
  quality.test_class_histogram = count_classes(classifier.logits(test));
  quality.class_distance = total_variation(quality.class_histogram, quality.test_class_histogram);
  quality.checked_rows = choose_rows(samples, options.pixel_queries, options.seed);
  quality.memorisation = check_memorisation(samples.index_select(0, quality.checked_rows), train,
                                            choose(test, options.pixel_queries, options.seed));
  return quality;
}

PointQuality judge_points(const Tensor& samples, const Tensor& train, const Tensor& test,
                          const Mixture* mixture, const PointJudgeOptions& options) {
  PointQuality quality;
  quality.samples = distances(samples, test, options);
  quality.floor = distances(choose(train, samples.size(0), options.seed), test, options);
  if (mixture) {
    const Tensor counted = choose(samples, options.counted, options.seed);
    quality.modes = mode_coverage(counted, *mixture);
    quality.counted = counted.size(0);
  }
  return quality;
}

}  // namespace belamy
