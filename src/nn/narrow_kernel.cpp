#include "nn/narrow_kernel.h"

#include <algorithm>
#include <cstring>

#include "core/clones.h"

namespace belamy::nn {
namespace {

// Calls each(row of the matrix, pixel under its first place, first and last place inside of the image) for every
// element of the kernel and row of places. The pixel is null where the whole row lies outside of the image.
template <class Value, class F>
BELAMY_INLINE void each_row(const Windows& w, Value* image, std::int64_t first, std::int64_t last, F each) {
  std::int64_t row = 0;
  for (std::int64_t c = 0; c < w.channels; ++c) {
    for (std::int64_t u = 0; u < w.kernel; ++u) {
      for (std::int64_t v = 0; v < w.kernel; ++v) {
        const auto from = std::clamp<std::int64_t>((w.padding - v + w.stride - 1) / w.stride, 0, w.columns);
        const auto right = w.width - 1 + w.padding - v;
        const auto to = std::clamp<std::int64_t>(right < 0 ? 0 : right / w.stride + 1, from, w.columns);
        for (auto i = first; i < last; ++i, ++row) {
          const auto y = i * w.stride - w.padding + u;
          const bool inside = y >= 0 && y < w.height;
          each(row, inside ? image + (c * w.height + y) * w.width - w.padding + v : nullptr, from, to);
        }
      }
    }
  }
}

}  // namespace

BELAMY_CLONES void unfold_windows(const Windows& windows, const float* image, std::int64_t first,
                                  std::int64_t last, float* matrix) {
  const auto columns = windows.columns, stride = windows.stride;
  each_row(windows, image, first, last,
           [&](std::int64_t row, const float* pixel, std::int64_t from, std::int64_t to) {
             auto* out = matrix + row * columns;
             if (!pixel) from = to = columns;
             std::fill(out, out + from, 0.0f);
             if (stride == 1) {
               for (auto j = from; j < to; ++j) out[j] = pixel[j];
             } else if (stride == 2) {
               for (auto j = from; j < to; ++j) out[j] = pixel[2 * j];
             } else {
               for (auto j = from; j < to; ++j) out[j] = pixel[stride * j];
             }
             std::fill(out + to, out + columns, 0.0f);
           });
}

BELAMY_CLONES void fold_windows(const Windows& windows, const float* matrix, std::int64_t first,
                                std::int64_t last, float* image) {
  const auto columns = windows.columns, stride = windows.stride;
  each_row(windows, image, first, last,
           [&](std::int64_t row, float* pixel, std::int64_t from, std::int64_t to) {
             if (!pixel) return;
             const auto* in = matrix + row * columns;
             if (stride == 1) {
               for (auto j = from; j < to; ++j) pixel[j] += in[j];
             } else if (stride == 2) {
               for (auto j = from; j < to; ++j) pixel[2 * j] += in[j];
             } else {
               for (auto j = from; j < to; ++j) pixel[stride * j] += in[j];
             }
           });
}

}  // namespace belamy::nn
