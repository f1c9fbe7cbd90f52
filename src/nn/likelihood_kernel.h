// Bernoulli log-likelihoods as one pass over memory. No torch here, so that the file is compiled for several
// instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// Of rows [first, last) of x and logits t [rows, columns]: the sum of x t - log(1 + exp(t)).
void bernoulli_sums(const float* x, const float* t, std::int64_t columns, float* sums, std::int64_t first,
                    std::int64_t last);
/// The gradient by t of sums that are weighed with `weights` [rows]: weight (x - sigmoid(t)).
void bernoulli_gradient(const float* x, const float* t, const float* weights, std::int64_t columns,
                        float* out, std::int64_t first, std::int64_t last);

}  // namespace belamy::nn
