// Everything that `belamy evaluate` says about the samples of a model, in one call.
#pragma once

#include <cstdint>
#include <optional>
#include <torch/types.h>
#include <vector>

#include "metrics/classifier.h"
#include "metrics/modes.h"
#include "metrics/nearest.h"
#include "metrics/precision_recall.h"

namespace belamy {

struct JudgeOptions {
  /// k of precision and recall.
  std::int64_t neighbours = 5;
  /// At most so many samples, and as many test images, are searched for in the training set.
  std::int64_t pixel_queries = 2000;
  /// Of every choice of images: for the floor, for the search.
  std::uint64_t seed = 1;
};

/// One set of images against the test set, in the classifier's features.
struct FeatureScores {
  /// classifier-frechet. Its scale is the classifier's own: compare values of one classifier only.
  double frechet = 0;
  ManifoldScores manifold;
};

struct SampleQuality {
  FeatureScores samples;
  /// What real images get: as many training images as there are samples. The classifier was trained on these,
  /// so the floor's Frechet distance is a little above that of two unseen real sets.
  FeatureScores floor;
  /// Samples in each class, and test images in each, both by the classifier, so that its errors cancel.
  std::vector<std::int64_t> class_histogram;
  std::vector<std::int64_t> test_class_histogram;
  /// Total variation of the two: 0 for equal shares of classes, 1 for disjoint ones.
  double class_distance = 0;
  /// [Q] int64: the samples that `memorisation` looked at, in its order.
  torch::Tensor checked_rows;
  MemorisationReport memorisation;
};

/// Judges samples against test images, both as uint8 [N, C, H, W] of the classifier's size. With fewer
/// training images than samples the floor takes all of them. Data errors: wrong shapes or types, not more
/// than `neighbours` images.
SampleQuality judge_samples(const FeatureClassifier& classifier, const torch::Tensor& samples,
                            const torch::Tensor& train, const torch::Tensor& test,
                            const JudgeOptions& options = {});

struct PointJudgeOptions {
  /// At most so many points a side are moved exactly.
  std::int64_t moved = 1000;
  /// At most so many samples are counted at the modes, PacGAN's number.
  std::int64_t counted = 2500;
  /// Of every choice of points, and of the directions.
  std::uint64_t seed = 1;
};

/// One set of points against the test points, in the data's units.
struct PointDistances {
  double sliced = 0;        ///< sliced Wasserstein-1, all points
  double earth_movers = 0;  ///< exact Wasserstein-1, of subsamples
  std::int64_t moved = 0;   ///< points a side in the latter
};

struct PointQuality {
  PointDistances samples;
  PointDistances floor;  ///< the same for as many training points: what the finite sets alone make of it
  std::optional<ModeCoverage> modes;  ///< where the data is a mixture
  std::int64_t counted = 0;           ///< samples behind `modes`
};

/// Judges samples [N, D] against test points [M, D]; `mixture` may be null. Data errors: different D, values
/// that are not finite.
PointQuality judge_points(const torch::Tensor& samples, const torch::Tensor& train, const torch::Tensor& test,
                          const Mixture* mixture, const PointJudgeOptions& options = {});

}  // namespace belamy
