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

/// Pairs of codes of two kinds, such as a picture's and its caption's [N, Z]: the cross-entropy with which each finds
/// its partner among the N of the other kind, by the cosines of their codes times `scale`, mean of both directions (Oord
/// et al. 2018; Radford et al. 2021).
Tensor partner_cross_entropy(const Tensor& a, const Tensor& b, double scale);

/// The same by scores a b^T: max(0, 1 + score of a wrong partner - that of the right one), mean over all wrong partners
/// and both directions (Reed et al. 2016, equation 4).
Tensor partner_hinge(const Tensor& a, const Tensor& b);

}  // namespace belamy::objectives
