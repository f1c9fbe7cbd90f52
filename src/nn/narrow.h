// Convolutions one side of which has few channels: the first layer of a network that reads images and the last one of
// a network that makes them. As products of matrices with oneDNN's sgemm they take a tenth to the whole of the time of
// oneDNN's convolutions, which are made for many channels.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// Whether this path serves a convolution of x [N, C, H, W] whose narrow side has so many channels.
bool is_narrow(const Tensor& x, const Tensor& weight, std::int64_t channels);

/// at::conv2d(image, weight, bias, stride, padding): image [N, c, H, W] of few channels, weight [C, c, K, K], bias [C] or
/// undefined. Differentiable to any order.
Tensor widening_convolution(const Tensor& image, const Tensor& weight, const Tensor& bias,
                            std::int64_t stride, std::int64_t padding);
/// Its adjoint, at::conv_transpose2d(maps, weight, {}, stride, padding): maps [N, C, h, w], weight [C, c, K, K] -> image of
/// few channels [N, c, H, W]. The maps may lie with channels innermost. Differentiable to any order.
Tensor narrowing_convolution(const Tensor& maps, const Tensor& weight, std::int64_t stride,
                             std::int64_t padding);

}  // namespace belamy::nn
