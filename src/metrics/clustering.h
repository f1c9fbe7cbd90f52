// k-means, and how well its clusters agree with classes that it does not know.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

struct KMeansOptions {
  std::int64_t iterations = 100;  ///< Lloyd steps at most; stops when no assignment changes
  bool plus_plus = true;      ///< first centres by k-means++ (Arthur & Vassilvitskii 2007); else random data
  std::int64_t restarts = 1;  ///< number of runs; the one with the least inertia is returned
  std::uint64_t seed = 1;
};

struct Clusters {
  torch::Tensor centres;     ///< [K, D] f32
  torch::Tensor assignment;  ///< [N] int64, the nearest centre
  double inertia = 0;        ///< mean squared distance to the nearest centre
  std::int64_t iterations = 0;
};

/// Data [N, D], floating. An empty cluster takes the datum that is farthest from its centre. Usage error: K
/// below 1 or above N. Data errors as of check_feature_sets.
Clusters k_means(const torch::Tensor& data, std::int64_t k, const KMeansOptions& options = {});

/// [N] int64: the nearest of the centres [K, D] for each datum [N, D].
torch::Tensor assign_clusters(const torch::Tensor& data, const torch::Tensor& centres);

struct ClusterAccuracy {
  double majority = 0;    ///< each cluster counts as its most frequent class
  double one_to_one = 0;  ///< each class has at most one cluster: the best matching (Kuhn 1955)
};

/// Assignment and labels [N] int64, at least 0. Data errors: no datum, different lengths, negative values.
ClusterAccuracy cluster_accuracy(const torch::Tensor& assignment, const torch::Tensor& labels);

}  // namespace belamy
