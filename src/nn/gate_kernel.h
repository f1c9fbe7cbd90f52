// The gated unit tanh(a) sigmoid(b) in one pass over memory. Free of torch, so that the file can be compiled for
// several instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// Lines of rows, each of 2 C values: the a of its C outputs, then their b. A line's rows follow each other in
/// memory; where a line begins is any place. `more`, if it is not null, is added to the values first.
struct GateLine {
  const float* values;
  const float* more;
};

/// out [rows, C] = tanh(a) sigmoid(b).
void gate_line(const GateLine& line, std::int64_t rows, std::int64_t c, float* out);
/// The gradient [rows, 2 C] by the values, from that by the outputs [rows, C].
void gate_line_gradient(const GateLine& line, const float* gradient, std::int64_t rows, std::int64_t c,
                        float* by_values);

}  // namespace belamy::nn
