// Regularisers of the discriminator and of the game: scalars to be added to a loss. Pure functions; all are
// differentiable. Random draws come from `generator`.
#pragma once

#include <functional>
#include <torch/types.h>
#include <vector>

namespace belamy::objectives {

using torch::Tensor;

/// Data [N, ...] -> outputs t [N].
using Judge = std::function<Tensor(const Tensor&)>;

/// |grad_x t(x)|^2 for each datum: [N]. `points` need not require gradients.
Tensor squared_gradient_norms(const Judge& judge, const Tensor& points);

/// E (|grad t| - 1)^2 on random points between real and fake; one-sided: E max(0, |grad t| - 1)^2. Gulrajani
/// et al. 2017 (arXiv:1704.00028). Where the batches differ in length, the length of the shorter one is used.
Tensor gradient_penalty(const Judge& judge, const Tensor& real, const Tensor& fake, bool one_sided,
                        at::Generator generator);

/// E (|grad t| - 1)^2 around the data, x + 0.5 sd(x) u with u uniform in [0, 1]: Kodali et al.
/// 2017 (arXiv:1705.07215).
Tensor dragan(const Judge& judge, const Tensor& real, at::Generator generator);

/// E |grad t(x)|^2 / 2: R1 on real, R2 on generated data. Mescheder et al. 2018 (arXiv:1801.04406).
Tensor zero_centred(const Judge& judge, const Tensor& points);

/// (E (1 - D(x))^2 |grad t(x)|^2 + E D(y)^2 |grad t(y)|^2) / 2 for real x and fake y, D = sigmoid(t): Roth et
/// al. 2017 (arXiv:1705.09367), eq. 22.
Tensor roth(const Judge& judge, const Tensor& real, const Tensor& fake);

/// |v|^2 / 2 for the gradients v of both losses, each by its player's parameters: Mescheder et al.
/// 2017 (arXiv:1705.10461). Both losses must be functions of both players.
Tensor consensus(const Tensor& discriminator_loss, const std::vector<Tensor>& discriminator,
                 const Tensor& generator_loss, const std::vector<Tensor>& generator);

}  // namespace belamy::objectives
