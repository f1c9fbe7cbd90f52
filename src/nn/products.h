// Matrix products for layers. On the CPU they use oneDNN's sgemm where LibTorch has loaded oneDNN: for the
// small matrices of a batch it is up to twice as fast as OpenBLAS.
#pragma once

#include <torch/types.h>

namespace belamy::nn {

using torch::Tensor;

/// Whether layers use Belamy's own paths where these are faster than LibTorch's: train.fast of the run, on at
/// the start. The values agree up to rounding. Each thread has its own switch.
bool fast_paths();
void set_fast_paths(bool on);

/// op(a) op(b), where op transposes or not: [M, K] x [K, N] -> [M, N]. Differentiable to any order.
Tensor product(const Tensor& a, const Tensor& b, bool transpose_a = false, bool transpose_b = false);
/// into [M, N] = keep * into + scale * op(a) op(b), in place and without autograd.
void add_product(const Tensor& into, double keep, double scale, const Tensor& a, const Tensor& b,
                 bool transpose_a = false, bool transpose_b = false);
/// x [N, I], weight [O, I], bias [O] or undefined -> x weight^T + bias [N, O]. Differentiable to any order.
Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

/// Whether mixed precision is on for the CPU, so that LibTorch's own layers compute in bfloat16.
bool autocasts_on_cpu();

}  // namespace belamy::nn
