// Mixtures of logistics over the levels of a pixel: Salimans et al. 2017 (arXiv:1701.05517), PixelCNN++. Pure
// functions; nats.
//
// The levels are evenly spaced on [-1, 1]. The mass of a level is that of the interval around it; the lowest
// and the highest level also get all mass beyond them. Every component has a mean and a scale for each
// channel. The mean of a channel also depends linearly on the channels before it. For small masses the
// authors' code uses the density in place of the difference of sigmoids. Here this exact form, which does not
// cancel, serves for all masses:
//
//   sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a))
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// How many numbers describe the mixture of a pixel: logits of the weights [K]; means and log scales [C, K]
/// each; coefficients of earlier channels before their tanh [C (C - 1) / 2, K], those of the second channel
/// first.
std::int64_t logistics_size(std::int64_t channels, std::int64_t components);

/// The level nearest to each value of x, as a number in [-1, 1].
Tensor to_levels(const Tensor& x, std::int64_t levels = 256);

/// log p(x), summed over a datum: x [N, C, H, W] on the levels, raw [N, logistics_size, H, W] -> [N].
Tensor logistics_log_likelihood(const Tensor& x, const Tensor& raw, std::int64_t components,
                                std::int64_t levels = 256);

/// Draws the channels of one pixel each: raw [N, logistics_size] -> [N, C] on the levels. A `temperature` below 1 favours
/// likely components and values near their means; 0 takes the likeliest component and its mean.
Tensor draw_logistics(const Tensor& raw, std::int64_t channels, std::int64_t components,
                      at::Generator generator, std::int64_t levels = 256, double temperature = 1);

}  // namespace belamy::objectives
