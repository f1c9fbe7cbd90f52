// The passes of batch and instance norm over memory, followed by a rectifier. No torch here, so that the file
// is compiled for several instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// Of values [batch, channels, inner], row-major. Each function works on the channels [first, last); what
/// comes out for a channel does not depend on who does the others.
struct NormShape {
  std::int64_t batch, channels, inner;
};

/// What a channel's values become: y = scale * x + shift, times `slope` where that is not positive (1: no
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
/// With g the gradient by what goes into the rectifier, from that by what comes out: sums of g and of
/// g (x - mean).
void norm_sums(const NormShape& shape, const NormMap& map, const float* x, const float* mean,
               const float* gradient, float* sum, float* product, std::int64_t first, std::int64_t last);
/// The gradient by x: scale (g - level) + tilt (x - mean), with numbers of each channel.
void norm_gradient(const NormShape& shape, const NormMap& map, const float* x, const float* mean,
                   const float* gradient, const float* level, const float* tilt, float* out,
                   std::int64_t first, std::int64_t last);

}  // namespace belamy::nn
