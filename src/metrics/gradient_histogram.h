// Histograms of gradient directions: what an image shows, whatever its brightness.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy {

/// For each cell of `cell` x `cell` pixels (half overlapping) the gradients' strength by direction, in nine directions
/// of half a turn, a gradient shared between the two next to it; each cell's histogram has length 1, and so has the
/// whole (after Dalal & Triggs 2005). Images [N, C, H, W] of at least `cell` pixels a side: [N, D].
torch::Tensor gradient_histograms(const torch::Tensor& images, std::int64_t cell = 8);

/// The share of queries [N, D] whose own entry of the gallery [N, D], that with the same number, is among the k with the
/// greatest dot product.
double recall_at(std::int64_t k, const torch::Tensor& queries, const torch::Tensor& gallery);

}  // namespace belamy
