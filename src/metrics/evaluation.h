// The scores of a model's samples in `belamy evaluate`.
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
  /// Greatest number of samples, and of test images, to search for in the training set.
  std::int64_t pixel_queries = 2000;
  /// Seed of every choice of images: for the floor, for the search.
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
  /// The scores of real images: of as many training images as there are samples. The classifier was trained
  /// on these, so the floor's Frechet distance is a little above that of two unseen real sets.
  FeatureScores floor;
  /// Samples and test images in each class, both by the classifier, so that its errors cancel.
  std::vector<std::int64_t> class_histogram;
  std::vector<std::int64_t> test_class_histogram;
  /// Total variation of the two: 0 for equal shares, 1 for disjoint classes.
  double class_distance = 0;
  /// [Q] int64: the rows of the samples in `memorisation`, in its order.
  torch::Tensor checked_rows;
  MemorisationReport memorisation;
};

/// Judges samples against test images, both as uint8 [N, C, H, W] of the classifier's size. With fewer
/// training images than samples the floor takes all of them. Data errors: wrong shapes or types, `neighbours`
/// or fewer images.
SampleQuality judge_samples(const FeatureClassifier& classifier, const torch::Tensor& samples,
                            const torch::Tensor& train, const torch::Tensor& test,
                            const JudgeOptions& options = {});

struct PointJudgeOptions {
  /// Greatest number of points a side for the exact distance.
  std::int64_t moved = 1000;
  /// Greatest number of samples to count at the modes; the default is PacGAN's.
  std::int64_t counted = 2500;
  /// Seed of every choice of points, and of the directions.
  std::uint64_t seed = 1;
};

/// One set of points against the test points, in the data's units.
struct PointDistances {
  double sliced = 0;        ///< sliced Wasserstein-1, all points
  double earth_movers = 0;  ///< exact Wasserstein-1, of subsamples
  std::int64_t moved = 0;   ///< points a side in these subsamples
};

struct PointQuality {
  PointDistances samples;
  PointDistances floor;               ///< of as many training points: the effect of finite sets alone
  std::optional<ModeCoverage> modes;  ///< if the data is a mixture
  std::int64_t counted = 0;           ///< samples counted in `modes`
};

/// Judges samples [N, D] against test points [M, D]; `mixture` may be null. Data errors: different D, values
/// that are not finite.
PointQuality judge_points(const torch::Tensor& samples, const torch::Tensor& train, const torch::Tensor& test,
                          const Mixture* mixture, const PointJudgeOptions& options = {});

}  // namespace belamy
