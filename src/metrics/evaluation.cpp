#include "metrics/evaluation.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>

#include "metrics/transport.h"

namespace belamy {

using torch::Tensor;

Tensor choose_rows(const Tensor& images, std::int64_t count, std::uint64_t seed) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const Tensor order = torch::randperm(images.size(0), generator, torch::kLong);
  return order.narrow(0, 0, std::min(count, images.size(0))).to(images.device());
}

namespace {

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

PointDistances distances(const Tensor& points, const Tensor& test, const PointJudgeOptions& options) {
  const auto moved = std::min({options.moved, points.size(0), test.size(0)});
  // Different rows of both, in case they are one set.
  return {sliced_wasserstein(points, test, {.seed = options.seed}),
          earth_movers_distance(choose(points, moved, options.seed), choose(test, moved, options.seed + 1)),
          moved};
}

}  // namespace

SampleFeatures sample_features(const FeatureClassifier& classifier, const Tensor& samples,
                               const Tensor& train, const Tensor& test, std::uint64_t seed) {
  return {classifier.features(samples), classifier.features(test),
          classifier.features(choose(train, samples.size(0), seed))};
}

ClassShares class_shares(const FeatureClassifier& classifier, const Tensor& samples, const Tensor& test) {
  ClassShares shares{count_classes(classifier.logits(samples)), count_classes(classifier.logits(test))};
  shares.distance = total_variation(shares.samples, shares.test);
  return shares;
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
