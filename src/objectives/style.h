// Distances between images in the features of a network: Gatys, Ecker & Bethge 2016 (CVPR, eq. 1 to 5).
#pragma once

#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// Gram matrices of features [N, C, H, W]: [N, C, C], the products of all pairs of channels, mean
/// over places.
Tensor gram(const Tensor& features);

/// Squared distance of `found` from `wanted`, as a share of the square of `wanted`, so that layers of any
/// size have the same weight. Both have one shape.
Tensor relative_distance(const Tensor& found, const Tensor& wanted);

}  // namespace belamy::objectives
