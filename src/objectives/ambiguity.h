// Losses that are least where a classifier finds all classes equally likely: Elgammal et al. 2017
// (arXiv:1706.07068), equation 3.
#pragma once

#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// -sum_k 1/K log p_k, mean over the rows of logits [N, K]. Its least value is log K.
Tensor ambiguity(const Tensor& logits);

/// -sum_k [1/K log p_k + (1 - 1/K) log(1 - p_k)], mean over the rows of logits [N, K]; p_k is counted as at most
/// 1 - 1e-6. Its least value, at p_k = 1/K, is K times the entropy of a coin with that probability.
Tensor binary_ambiguity(const Tensor& logits);

}  // namespace belamy::objectives
