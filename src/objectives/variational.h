// Variations of the evidence lower bound. Pure functions; nats.
#pragma once

#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// KL(N(mean, exp(log_variance)) || N(0, 1)) of each dimension of the code: [N, Z].
Tensor kl_of_dimensions(const Tensor& mean, const Tensor& log_variance);

/// Free bits: the sum over dimensions of max(least, mean over the batch) of a KL [N, Z]; a scalar. Kingma et
/// al. 2016 (arXiv:1606.04934), section 2.
Tensor free_bits(const Tensor& kl, double least);

/// The parts of KL(q(z|x) || N(0, 1)), each [N]; they add up to log q(z|x) - log p(z) of the draws.
struct KlParts {
  Tensor information;        ///< log q(z|x) / q(z): its mean is the mutual information of x and z
  Tensor total_correlation;  ///< log q(z) / prod_d q(z_d): how much the dimensions depend on each other
  Tensor dimensions;         ///< log prod_d q(z_d) / p(z_d): how far each dimension is from the prior
};

/// Of draws z from N(mean, exp(log_variance)), all [N, Z]. q(z) is the mean of q(z|x) over the batch, so the mutual
/// information is at most log N. That is the minibatch-weighted sampling of Chen et al. 2018 (arXiv:1802.04942,
/// eq. 4) without its constant, the log of the size of the data, which has no gradient.
KlParts kl_parts(const Tensor& z, const Tensor& mean, const Tensor& log_variance);

/// log N(x; mean, exp(log_variance)), summed over all but the first dimension: [N].
Tensor gaussian_log_likelihood(const Tensor& x, const Tensor& mean, const Tensor& log_variance);

/// The importance-weighted bound from S draws of z, log mean exp of log p(x, z) - log q(z|x) [S, N]: [N].
/// Burda, Grosse & Salakhutdinov 2016 (arXiv:1509.00519), eq. 8.
Tensor importance_bound(const Tensor& log_weights);

/// The bound of a datum whose class is unknown, from the bounds on log p(x, y) of every class [N, K] and the
/// logits of q(y|x) [N, K]: sum_y q(y|x) bound_y + H(q(y|x)), [N]. Kingma et al. 2014 (arXiv:1406.5298), eq.
/// 7.
Tensor unlabelled_bound(const Tensor& class_bounds, const Tensor& logits);

}  // namespace belamy::objectives
