// Pictures of a latent space: a map of codes coloured by label, and what a decoder makes of the plane.
#pragma once

#include <torch/types.h>
#include <vector>

#include "belamy/capabilities.h"

#include "data/image.h"

namespace belamy {

/// Points [N, 2] as dots on white, each in its label's colour and the label's number at the median of its
/// points; undefined labels: all in one colour. The picture is `side` pixels wide and high; x and y have one
/// scale.
Image labelled_map(const Tensor& points, const Tensor& labels, int side = 900);

/// Points [N, 2] of two domains [N] (0, 1), twice side by side: left as labelled_map, but with the numbers at
/// the medians of domain 0 and what has the label -1 in gray; right domain 0 blue and domain 1 orange.
Image two_domain_map(const Tensor& points, const Tensor& labels, const Tensor& domains, int side = 700);

/// [rows * rows, C, H, W]: what a decoder with two latents makes of the plane, at the percentiles of N(0, 1)
/// in the middle of `rows` equal shares along each axis, x to the right, y upwards (Kingma & Welling 2014,
/// figure 4). A usage error for another number of latents.
Tensor decoded_manifold(Decoder& decoder, std::int64_t rows, torch::Device device);

}  // namespace belamy
