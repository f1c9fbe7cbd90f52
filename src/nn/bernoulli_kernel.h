// Sigmoid and Bernoulli draw as one pass over memory, with a counter-based random generator: what element i
// gets depends on the key and on i alone, not on threads or vector width. No torch here, so that the file is
// compiled for several instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// Rows [first, last) of logits [rows, columns], row-major. `bias` [columns] is added first; where it is
/// null, the numbers are no logits but means already. Each of `mean` (sigmoid of the logit) and `sample` (0
/// or 1) may be null, and may be the logits themselves. Columns are drawn in blocks of 64 with Philox4x32-10
/// (Salmon et al. 2011), 24 bits each.
void sigmoid_draw(const float* logits, const float* bias, float* mean, float* sample, std::int64_t columns,
                  std::int64_t first, std::int64_t last, std::uint64_t key);

/// Four numbers of 32 bits for a key and a counter of 128 bits, low word first.
void philox(const std::uint32_t counter[4], std::uint64_t key, std::uint32_t out[4]);

}  // namespace belamy::nn
