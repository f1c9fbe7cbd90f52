// Random draws in one pass over memory, with a counter-based generator: element i depends on the key and on i
// alone, not on threads or vector width. Free of torch, so that the file can be compiled for several
// instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// Rows [first, last) of logits [rows, columns], row-major. `bias` [columns] is added first; where it is
/// null, the numbers are means instead of logits. Each of `mean` (sigmoid of the logit) and `sample` (0
/// or 1) may be null, and may be the logits themselves. Columns are drawn in blocks of 64 with Philox4x32-10
/// (Salmon et al. 2011), 24 bits each.
void sigmoid_draw(const float* logits, const float* bias, float* mean, float* sample, std::int64_t columns,
                  std::int64_t first, std::int64_t last, std::uint64_t key);

/// Size of the blocks in which a flat array is drawn; each thread draws some of the blocks.
constexpr std::int64_t kDrawBlock = 64;

/// Blocks [first, last) of `n` draws from N(0, deviation^2): Box & Muller 1958 on 24 bits a uniform number,
/// so none is beyond 5.9 deviations.
void normal_draw(float* out, std::int64_t n, float deviation, std::int64_t first, std::int64_t last,
                 std::uint64_t key);

/// Blocks [first, last) of `n` draws that are 1 / keep with probability `keep` and 0 otherwise.
void dropout_draw(float* out, std::int64_t n, float keep, std::int64_t first, std::int64_t last,
                  std::uint64_t key);

/// Four numbers of 32 bits for a key and a counter of 128 bits, low word first.
void philox(const std::uint32_t counter[4], std::uint64_t key, std::uint32_t out[4]);

}  // namespace belamy::nn
