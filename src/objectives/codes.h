// Penalties on the codes [N, Z] of autoencoders: for sparsity, or for little change with the input. Pure
// functions; penalties are scalars, means over the batch.
#pragma once

#include <cstdint>
#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// Mean over the batch of sum_j |h_j|.
Tensor l1_sparsity(const Tensor& codes);

/// Mean over the batch of sum_j h_j^2.
Tensor l2_sparsity(const Tensor& codes);

/// sum_j KL(Bernoulli(target) || Bernoulli(mean of h_j over the batch)), nats, for codes in (0, 1): Ng,
/// CS294A lecture notes, "Sparse autoencoder".
Tensor kl_sparsity(const Tensor& codes, double target);

/// Keeps the `count` largest codes of each row, zero elsewhere: Makhzani & Frey 2014 (arXiv:1312.5663).
Tensor keep_largest(const Tensor& codes, std::int64_t count);

/// |dh/dx|_F^2 for h = sigmoid(W x + b), W [Z, D], mean over the batch: Rifai et al. 2011, equation 3.
Tensor sigmoid_contraction(const Tensor& codes, const Tensor& weight);

/// The same for any differentiable h, estimated: the mean over the batch of |v dh/dx|^2 with one draw v ~
/// N(0, 1) [N, Z] for each row, whose expectation is |dh/dx|_F^2. Each row of `codes` was computed from that
/// row of `input`.
Tensor estimated_contraction(const Tensor& codes, const Tensor& input, const Tensor& draws);

}  // namespace belamy::objectives
