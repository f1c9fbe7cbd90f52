#include "metrics/evaluation.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>

#include "belamy/error.h"

#include "metrics/frechet.h"

namespace belamy {
namespace {

using torch::Tensor;

Tensor first_rows(const Tensor& images, std::int64_t count) {
  return images.narrow(0, 0, std::min(count, images.size(0)));
}

Tensor chosen_rows(const Tensor& images, std::int64_t count, std::uint64_t seed) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const Tensor order = torch::randperm(images.size(0), generator, torch::kLong);
  return images.index_select(0, first_rows(order, count).to(images.device()));
}

std::vector<std::int64_t> histogram(const Tensor& logits) {
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

}  // namespace

SampleQuality judge_samples(const FeatureClassifier& classifier, const Tensor& samples, const Tensor& train,
                            const Tensor& test, const JudgeOptions& options) {
  if (options.pixel_queries < 1)
    throw usage_error("the search for training images needs at least one sample");
  const Tensor floor_images = chosen_rows(train, samples.size(0), options.seed);
  const Tensor test_features = classifier.features(test);

  SampleQuality quality;
  quality.samples = score(classifier.features(samples), test_features, options.neighbours);
  quality.floor = score(classifier.features(floor_images), test_features, options.neighbours);
  quality.class_histogram = histogram(classifier.logits(samples));
  quality.test_class_histogram = histogram(classifier.logits(test));
  quality.class_distance = total_variation(quality.class_histogram, quality.test_class_histogram);
  quality.memorisation = check_memorisation(first_rows(samples, options.pixel_queries), train,
                                            first_rows(test, options.pixel_queries));
  return quality;
}

}  // namespace belamy
