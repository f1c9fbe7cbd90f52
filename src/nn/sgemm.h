// oneDNN's product of matrices in single precision, looked up in the process.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// C = scale * op(A) op(B) + keep * C: row-major, op(A) [M, K], op(B) [K, N], op 'T' transposes and 'N' does not.
/// The distances between rows are those of the matrices in memory. It divides the work among LibTorch's threads.
using Sgemm = int (*)(char op_a, char op_b, std::int64_t m, std::int64_t n, std::int64_t k, float scale,
                      const float* a, std::int64_t row_a, const float* b, std::int64_t row_b, float keep,
                      float* c, std::int64_t row_c);

/// Null where there is no oneDNN.
Sgemm sgemm();

}  // namespace belamy::nn
