// How well a score tells two groups apart: the curve of receivers' operators and the area under it. No torch.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace belamy {

struct RocArea {
  /// The probability that a strange datum scores higher than a usual one, ties counted half: 0.5 tells
  /// nothing.
  double area = 0;
  double standard_error = 0;  ///< DeLong, DeLong & Clarke-Pearson 1988, which holds with ties
  std::int64_t usual = 0, strange = 0;
};

/// Scores, higher for what is held for strange, and whether each is. Data errors: different lengths, none of
/// one kind, a score that is not a number.
RocArea roc_area(std::span<const double> scores, const std::vector<bool>& strange);

/// (share of usual data that score at least t, share of strange ones) for each score t, from (0, 0) to (1,
/// 1).
std::vector<std::pair<double, double>> roc_curve(std::span<const double> scores,
                                                 const std::vector<bool>& strange);

}  // namespace belamy
