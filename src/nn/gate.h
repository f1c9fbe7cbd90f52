// The gated unit of PixelCNN (arXiv:1606.05328, eq. 2) in one pass over memory, where LibTorch takes four.
#pragma once

#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// tanh(a) sigmoid(b) of the two halves a, b of the channels of x, or of x + more: [N, 2 C, ...] -> [N, C, ...].
/// Images are fastest with the channels innermost in memory; x may be a view of a part of a larger image.
Tensor gate(const Tensor& x, const Tensor& more = {});

}  // namespace belamy::nn
