// Losses that bring codes of one class close and codes of two classes apart. Pure functions; scalars, means
// over the batch. `same` [N] bool says which pairs are of one class.
#pragma once

#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// Euclidean distances between the rows of codes [N, Z]: [N]. Smoothed by 1e-3 around 0, where the root has
/// no gradient.
Tensor row_distances(const Tensor& a, const Tensor& b);

/// L+ = D^2 / 2 for pairs of one class, L- = max(0, margin - D)^2 / 2 for the others, over distances [N]:
/// Hadsell, Chopra & LeCun 2006, equation 4.
Tensor contrastive(const Tensor& distances, const Tensor& same, double margin);

/// Cross-entropy of the logits [N] that a pair is of one class: Koch, Zemel & Salakhutdinov 2015,
/// section 3.2.
Tensor pair_cross_entropy(const Tensor& logits, const Tensor& same);

/// max(0, D(anchor, positive) - D(anchor, negative) + margin): Schroff, Kalenichenko & Philbin 2015. In every
/// pair of one class each datum is an anchor and the other its positive; all data of other classes in the
/// batch are negatives. The mean is over the triples above 0: solved triples, most of a batch, would dilute
/// it (Hermans, Beyer & Leibe 2017). Codes [N, Z] and labels [N] int64 of both sides.
Tensor triplet(const Tensor& a, const Tensor& b, const Tensor& a_labels, const Tensor& b_labels,
               double margin);

}  // namespace belamy::objectives
