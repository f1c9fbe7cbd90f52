// How close an image is to its target.
#pragma once

#include <torch/types.h>

namespace belamy {

/// Mean absolute difference of each pair of images [N, C, H, W], values in [0, 1]: [N].
torch::Tensor mean_absolute_error(const torch::Tensor& a, const torch::Tensor& b);

/// 10 log10(1 / mean squared difference) in decibels, values in [0, 1]: [N]; equal images count as 100 dB.
torch::Tensor peak_signal_to_noise(const torch::Tensor& a, const torch::Tensor& b);

/// The luma of colour images as super-resolution is judged by: Y of ITU-R BT.601 in its range from 16 to 235, as a
/// share of 255. [N, 3, H, W] in [0, 1] -> [N, 1, H, W]; gray images stay as they are.
torch::Tensor luma(const torch::Tensor& images);

/// Structural similarity of Wang et al. 2004 (IEEE TIP 13(4)): means, variances and covariance in a Gaussian
/// window of 11 pixels and deviation 1.5 (as large as the image where that is smaller), K1 = 0.01, K2 = 0.03,
/// values in [0, 1], the mean over all whole windows and channels: [N], 1 for equal images.
torch::Tensor structural_similarity(const torch::Tensor& a, const torch::Tensor& b);

}  // namespace belamy
