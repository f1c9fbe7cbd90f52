// Bernoulli log-likelihoods in one pass over memory. Free of torch, so that the file can be compiled for
// several instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// The sums of x t - log(1 + exp(t)) over rows [first, last) of x and logits t [rows, columns].
void bernoulli_sums(const float* x, const float* t, std::int64_t columns, float* sums, std::int64_t first,
                    std::int64_t last);
/// The gradient by t of these sums weighted with `weights` [rows]: weight (x - sigmoid(t)).
void bernoulli_gradient(const float* x, const float* t, const float* weights, std::int64_t columns,
                        float* out, std::int64_t first, std::int64_t last);

}  // namespace belamy::nn
