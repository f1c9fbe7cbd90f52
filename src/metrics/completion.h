// What a hole in an image can be compared with.
#pragma once

#include <torch/types.h>

namespace belamy {

/// Images [N, C, H, W] whose unknown pixels (`known` [N or 1, 1, H, W] is 0) are the mean of their four neighbours:
/// the solution of Laplace's equation with the known pixels as its border, to 1e-4 of the range of values.
torch::Tensor harmonic_fill(const torch::Tensor& images, const torch::Tensor& known);

/// PSNR over the unknown pixels only, values in [0, 1]: [N].
torch::Tensor hole_psnr(const torch::Tensor& made, const torch::Tensor& wanted, const torch::Tensor& known);

/// The mean squared difference of neighbouring pixels that are both unknown: [N]. Blurred fillings have less of it
/// than the images themselves.
torch::Tensor gradient_energy(const torch::Tensor& images, const torch::Tensor& known);
/// The same for whole images, in which nothing is known.
torch::Tensor gradient_energy(const torch::Tensor& images);

}  // namespace belamy
