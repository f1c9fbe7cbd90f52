// t-SNE: a map in the plane that keeps neighbours together (van der Maaten & Hinton 2008), with repulsion by
// a quadtree (Barnes-Hut: van der Maaten 2014).
//
// Only neighbourhoods have a meaning in such a map; distances between groups and sizes of groups have none.
#pragma once

#include <cstdint>
#include <functional>
#include <torch/types.h>
#include <vector>

namespace belamy {

struct TsneOptions {
  double perplexity = 30;  ///< roughly how many neighbours each datum considers
  std::int64_t iterations = 750;
  /// A cell of the tree counts as one point below this ratio of its width to its distance; 0: exact. Usage
  /// error above 0.7, where that could happen to a point's own cell.
  double theta = 0.5;
  /// Called from time to time with the share that is done, 0 to 1.
  std::function<void(double done)> progress;
};

struct TsneMap {
  torch::Tensor points;   ///< [N, 2] f64, around the origin
  double divergence = 0;  ///< KL(P || Q) in nats
};

/// The map of data [N, D], floating. It starts from the first two principal components, so that the
/// same data give the same map. Usage error: a perplexity below 1 or above (N - 1) / 3. Data errors as
/// of check_feature_sets.
TsneMap tsne(const torch::Tensor& data, const TsneOptions& options = {});

// Parts of the algorithm, for tests.

/// P of the paper as sparse rows: p(i, column[e]) = value[e] for e from row[i] to row[i + 1]. Symmetric, with
/// sum 1. Only the 3 * perplexity nearest neighbours of a datum count.
struct TsneAffinities {
  std::vector<std::int64_t> row, column;
  std::vector<double> value;
};
TsneAffinities tsne_affinities(const torch::Tensor& data, double perplexity);

/// The gradient of KL(P || Q) by the points [x0, y0, x1, ...], with P multiplied by `exaggeration`, written
/// to `gradient` of the same length. Returns the divergence for P without exaggeration.
double tsne_gradient(const TsneAffinities& affinities, const std::vector<double>& points, double theta,
                     double exaggeration, std::vector<double>& gradient);

}  // namespace belamy
