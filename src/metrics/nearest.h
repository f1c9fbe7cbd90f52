// The nearest training image of each sample, and whether a model has memorised its training images.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

/// The nearest neighbours of N images.
struct Nearest {
  torch::Tensor distances;  ///< [N] f32, Euclidean over all pixels
  torch::Tensor indices;    ///< [N] int64, the row in `train`
};

/// The nearest of the training images [M, ...] for each image [N, ...] of the same shape and type. uint8
/// pixels are scaled to 0..1 (distance 1: one value from black to white), floating ones are used as they are.
/// Works in blocks; a copy has a distance of exactly 0. Data errors: an empty set, different shapes or types.
Nearest nearest_neighbours(const torch::Tensor& images, const torch::Tensor& train);

/// Distances sample -> train compared with test -> train. If a model generalises, its samples are about as
/// far from the training images as unseen real images are. If they are much closer, look at the pairs.
/// Blurred and nearly constant samples are closer too, without being memorised.
struct MemorisationReport {
  Nearest samples;            ///< for each sample its nearest training image
  double median_samples = 0;  ///< of the distances sample -> train
  double median_test = 0;     ///< of the distances test -> train
  /// Samples over test: about 1 without memorisation, near 0 for copies. 1 if both medians are 0.
  double median_ratio = 1;
  /// Share of samples closer than the 1st percentile of test -> train: about 0.01 without memorisation.
  double share_nearer = 0;
};

/// Images as in `nearest_neighbours`, all three sets of one shape and type; the same data errors.
MemorisationReport check_memorisation(const torch::Tensor& samples, const torch::Tensor& train,
                                      const torch::Tensor& test);

}  // namespace belamy
