// How well a score separates two groups: the receiver operating characteristic and the area under it.
#pragma once

#include <cstdint>
#include <span>
#include <torch/types.h>
#include <utility>
#include <vector>

namespace belamy {

struct RocArea {
  /// The probability that a strange datum scores higher than a usual one, with ties counted half; 0.5 for a
  /// score without information.
  double area = 0;
  double standard_error = 0;  ///< DeLong, DeLong & Clarke-Pearson 1988, valid with ties
  std::int64_t usual = 0, strange = 0;
};

/// Scores, higher for strange data, and whether each datum is strange. Data errors: different lengths, no
/// datum of one kind, a score that is not a number.
RocArea roc_area(std::span<const double> scores, const std::vector<bool>& strange);
/// The same for scores [N] of any floating type, on any device.
RocArea roc_area(const torch::Tensor& scores, const std::vector<bool>& strange);

/// (share of usual data with scores of at least t, share of strange data) for each score t, from (0, 0) to
/// (1, 1).
std::vector<std::pair<double, double>> roc_curve(std::span<const double> scores,
                                                 const std::vector<bool>& strange);

}  // namespace belamy
