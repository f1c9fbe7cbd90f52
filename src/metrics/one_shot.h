// One-shot classification and retrieval: how often the most similar datum is of the right class; and
// baselines of pixels and ink that need no training.
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

namespace belamy {

struct OneShot {
  double accuracy = 0;
  /// Standard error of the mean over episodes, since the trials of an episode share examples. With one
  /// episode: that of independent trials.
  double standard_error = 0;
  std::int64_t right = 0, trials = 0;
};

/// `right`: for each episode, whether each of its trials was right, [Q] bool. Data error: no episode.
OneShot one_shot_accuracy(const std::vector<torch::Tensor>& right);

/// [Q] bool: whether the greatest entry of each row of similarities [Q, S] belongs to the query's class; of
/// equal entries the first counts.
torch::Tensor most_alike_is_right(const torch::Tensor& similarity, const torch::Tensor& query_classes,
                                  const torch::Tensor& support_classes);

/// Share of queries with a datum of their class among the k most similar, for each k; similarities [Q, N].
/// Data errors: k < 1, a wrong number of labels.
std::vector<double> recall_at(const std::vector<std::int64_t>& k, const torch::Tensor& similarity,
                              const torch::Tensor& query_labels, const torch::Tensor& labels);

/// Cosines between two sets of images in bytes, of the distance of each pixel from the background: white if
/// both sets together are lighter than half, else black. [Q, S] double.
torch::Tensor pixel_cosines(const torch::Tensor& a, const torch::Tensor& b);

/// Modified Hausdorff distances (Dubuisson & Jain 1994) between the ink of two sets of images in bytes [Q, H,
/// W] and [S, H, W], dark on light: ink are pixels darker than half, their coordinates are relative to their
/// mean, and the distance of two inks is the greater of the two mean distances to the nearest pixel of the
/// other. [Q, S] double. Data error: an image without ink.
torch::Tensor modified_hausdorff(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace belamy
