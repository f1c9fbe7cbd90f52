// How much the images of a batch differ from one another, cheap enough for use in training.
#pragma once

#include <torch/types.h>

namespace belamy {

/// Images or points [N, ...], N >= 2 (else a data error) -> scalar f32 tensor on their device: the mean
/// Euclidean distance over all pairs i < j, in the units of `x`. Takes memory for [N, N] values; no value is
/// read on the host.
torch::Tensor mean_pairwise_distance(const torch::Tensor& x);

/// The samples' mean pairwise distance divided by the data's, a scalar tensor: about 1 when the samples are
/// as diverse as the data, 0 when all samples are equal (collapse). 1 if all data are equal.
torch::Tensor diversity_ratio(const torch::Tensor& samples, const torch::Tensor& data);

/// The variance over the `each` images that follow one another, mean over their values: [N, ...] -> [N / each].
torch::Tensor variance_within(const torch::Tensor& x, std::int64_t each);

}  // namespace belamy
