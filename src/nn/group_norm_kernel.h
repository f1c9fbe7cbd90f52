// The passes over memory of group norm with a SiLU after it, for channels-last values. Free of torch, so that the
// file can be compiled for several instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// One example, [places, channels] row-major; each of `groups` groups has as many neighbouring channels.
struct GroupShape {
  std::int64_t places, channels, groups;
};

/// y = f(scale (x - mean) / deviation + shift), with mean and deviation of each group, and scale and shift
/// of each channel. f is SiLU, z sigmoid(z), or with `plain` the identity. Writes mean and 1 / deviation of each
/// group. `buffer`: [3 * channels].
void group_norm_forward(const GroupShape& shape, bool plain, float epsilon, const float* x,
                        const float* scale, const float* shift, float* y, float* mean, float* precision,
                        float* buffer);
/// The gradients by x, by scale and by shift from that by y. `buffer`: [4 * channels].
void group_norm_backward(const GroupShape& shape, bool plain, const float* x, const float* scale,
                         const float* shift, const float* mean, const float* precision, const float* gradient,
                         float* by_x, float* by_scale, float* by_shift, float* buffer);

}  // namespace belamy::nn
