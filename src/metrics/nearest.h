// The nearest training image of each sample, and whether a model has learnt its training images by heart.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

/// What lies nearest to each of N images.
struct Nearest {
  torch::Tensor distances;  ///< [N] f32, Euclidean over all pixels
  torch::Tensor indices;    ///< [N] int64, the row in `train`
};

/// The nearest of the training images [M, ...] for each image [N, ...] of the same shape and type. uint8
/// pixels count as 0..1 (distance 1: one value from black to white), floating ones as they are. Works in
/// blocks; a copy has a distance of exactly 0. Data errors: an empty set, different shapes or types.
Nearest nearest_neighbours(const torch::Tensor& images, const torch::Tensor& train);

/// Distances sample -> train against distances test -> train. Samples of a model that generalises are about
/// as far from the training images as unseen real images are. Far nearer: look at the pairs. Blurred or
/// near-constant samples lie nearer as well, without any memory.
struct MemorisationReport {
  Nearest samples;            ///< for each sample its nearest training image
  double median_samples = 0;  ///< of the distances sample -> train
  double median_test = 0;     ///< of the distances test -> train
  /// Samples over test: about 1 without memory, near 0 for copies; 1 when the medians are equal, also when
  /// both are 0.
  double median_ratio = 1;
  /// Samples nearer than the 1st percentile of test -> train: about 0.01 without memory.
  double share_nearer = 0;
};

/// Images as in `nearest_neighbours`, all three sets of one shape and type; the same data errors.
MemorisationReport check_memorisation(const torch::Tensor& samples, const torch::Tensor& train,
                                      const torch::Tensor& test);

}  // namespace belamy
