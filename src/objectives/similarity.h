// Losses that make codes near for data of one class and far for data of two. Pure functions; scalars, means
// over the batch. `same` [N] bool says which pairs are of one class.
#pragma once

#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// Euclidean distances between the rows of codes [N, Z]: [N]. Smoothed by 1e-3 about 0, where the root has no
/// gradient.
Tensor row_distances(const Tensor& a, const Tensor& b);

/// L+ = D^2 / 2 for pairs of one class, L- = max(0, margin - D)^2 / 2 for the others, over distances [N]:
/// Hadsell, Chopra & LeCun 2006, equation 4.
Tensor contrastive(const Tensor& distances, const Tensor& same, double margin);

/// Cross-entropy of logits [N] of being of one class: Koch, Zemel & Salakhutdinov 2015, section 3.2.
Tensor pair_cross_entropy(const Tensor& logits, const Tensor& same);

/// max(0, D(anchor, its other) - D(anchor, negative) + margin): Schroff, Kalenichenko & Philbin 2015. Both of
/// every pair of one class are anchors, everything of another class in the batch is a negative; the mean is
/// over those triples that are above 0, else most of a batch, solved long ago, would thin out the rest
/// (Hermans, Beyer & Leibe 2017). Codes [N, Z] with labels [N] int64 of both.
Tensor triplet(const Tensor& a, const Tensor& b, const Tensor& a_labels, const Tensor& b_labels,
               double margin);

}  // namespace belamy::objectives
