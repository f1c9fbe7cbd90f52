// The passes over memory of batch and instance norm with a rectifier. Free of torch, so that the file can be
// compiled for several instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// The shape of values [batch, channels, inner], row-major. Each function works on the channels [first,
/// last); the result for a channel does not depend on how channels are split between calls.
struct NormShape {
  std::int64_t batch, channels, inner;
};

/// The map of a channel: y = scale * x + shift, multiplied by `slope` where it is not positive (1: no
/// rectifier, 0: relu).
struct NormMap {
  const float *scale, *shift;  // [channels]
  float slope;
};

/// Mean and mean squared distance from it.
void norm_moments(const NormShape& shape, const float* x, float* mean, float* variance, std::int64_t first,
                  std::int64_t last);
void norm_apply(const NormShape& shape, const NormMap& map, const float* x, float* y, std::int64_t first,
                std::int64_t last);
/// Sums of g and of g (x - mean), where g is the gradient by the rectifier's input, computed from that by
/// its output.
void norm_sums(const NormShape& shape, const NormMap& map, const float* x, const float* mean,
               const float* gradient, float* sum, float* product, std::int64_t first, std::int64_t last);
/// The gradient by x: scale (g - level) + tilt (x - mean), with a scale, level and tilt for each channel.
void norm_gradient(const NormShape& shape, const NormMap& map, const float* x, const float* mean,
                   const float* gradient, const float* level, const float* tilt, float* out,
                   std::int64_t first, std::int64_t last);

}  // namespace belamy::nn
