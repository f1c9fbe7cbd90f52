// Distances between all rows of two sets, used by several metrics.
#pragma once

#include <cstdint>
#include <string>
#include <torch/types.h>

namespace belamy {

/// [N, D], [M, D] -> [N, M] squared Euclidean distances by |a|^2 + |b|^2 - 2ab, clamped at 0. Rounding is
/// relative to the norms, so centre both sets on one point if their distances are small against their norms.
torch::Tensor squared_distances(const torch::Tensor& a, const torch::Tensor& b);

/// Throws a data error unless `a` is [N, D] and `b` [M, D] with one D, both floating, with at least `least`
/// rows each, and every value finite. `what` names the metric in the message.
void check_feature_sets(const torch::Tensor& a, const torch::Tensor& b, std::int64_t least,
                        const std::string& what);

}  // namespace belamy
