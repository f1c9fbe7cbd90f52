// How much the images of a batch differ from one another, cheap enough to be watched in training.
#pragma once

#include <torch/types.h>

namespace belamy {

/// Images or points [N, ...], N >= 2 (else a data error) -> scalar f32 tensor on their device: the mean
/// Euclidean distance over all pairs i < j, in the units of `x`. Holds [N, N] values; nothing is read on the
/// host.
torch::Tensor mean_pairwise_distance(const torch::Tensor& x);

/// The samples' mean pairwise distance over the data's, a scalar tensor: about 1 when the samples are as
/// diverse as the data, 0 when they are all one image (collapse); also 1 when the
/// data are all one, and nothing can be missed.
torch::Tensor diversity_ratio(const torch::Tensor& samples, const torch::Tensor& data);

}  // namespace belamy
