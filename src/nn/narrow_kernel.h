// The windows of a convolution as columns of a matrix, and back. Free of torch, so that the file can be compiled
// for several instruction sets.
#pragma once

#include <cstdint>

namespace belamy::nn {

/// A convolution's view of one image [channels, height, width]: its kernel stands on rows x columns places.
struct Windows {
  std::int64_t channels, height, width, kernel, stride, padding, rows, columns;

  std::int64_t size() const { return channels * kernel * kernel; }
};

/// matrix [size, (last - first) * columns]: the pixels under the kernel at the places of rows first to last - 1, zero
/// outside of the image.
void unfold_windows(const Windows& windows, const float* image, std::int64_t first, std::int64_t last,
                    float* matrix);
/// Adds such a matrix to the pixels that its values come from.
void fold_windows(const Windows& windows, const float* matrix, std::int64_t first, std::int64_t last,
                  float* image);

}  // namespace belamy::nn
