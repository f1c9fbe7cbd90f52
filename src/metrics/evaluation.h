// The comparisons behind the scores of a model's samples.
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

/// The indices of at most `count` rows of `images`, drawn by the seed: int64 on their device. They are not
/// simply the first ones, since samples and test sets may be sorted.
torch::Tensor choose_rows(const torch::Tensor& images, std::int64_t count, std::uint64_t seed);

/// Features [N, 128] of samples, of test images, and of as many training images as there are samples. The
/// score of these real images is the floor of a score. The classifier was trained on the training images, so
/// the Frechet distance of the floor is a little above that of two unseen real sets.
struct SampleFeatures {
  torch::Tensor samples, test, floor;
};
/// Images as uint8 [N, C, H, W] of the classifier's size. With fewer training images than samples the floor
/// takes all of them. Data errors: wrong shapes or types.
SampleFeatures sample_features(const FeatureClassifier& classifier, const torch::Tensor& samples,
                               const torch::Tensor& train, const torch::Tensor& test, std::uint64_t seed);

/// Number of samples and of test images in each class, both by the classifier, so that its errors cancel.
struct ClassShares {
  std::vector<std::int64_t> samples, test;
  /// Total variation of the two: 0 for equal shares of classes, 1 for disjoint ones.
  double distance = 0;
};
ClassShares class_shares(const FeatureClassifier& classifier, const torch::Tensor& samples,
                         const torch::Tensor& test);

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
