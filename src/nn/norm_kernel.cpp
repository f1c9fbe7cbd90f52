#include "nn/norm_kernel.h"

#include <algorithm>

#include "core/clones.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kLanes = 64;  // parallel sums
constexpr std::int64_t kShort = 16;  // parallel sums over the rest of a plane
constexpr std::int64_t kRows = 64;   // terms summed in single precision, then added in double

// The gradient by the rectifier's input.
BELAMY_INLINE float passed(float x, float gradient, float scale, float shift, float slope) {
  return x * scale + shift > 0 ? gradient : gradient * slope;
}

// Sums of first(c, i) and second(c, i) over the places i of the channel c, for `width` channels from `begin`.
template <class First, class Second>
BELAMY_INLINE void sum_columns(const NormShape& s, std::int64_t begin, std::int64_t width, double* one,
                               double* two, First first, Second second) {
  for (std::int64_t k = 0; k < width; ++k) one[k] = two[k] = 0;
  for (std::int64_t row = 0; row < s.batch; row += kRows) {
    const auto end = std::min(row + kRows, s.batch);
    float a[kLanes] = {}, b[kLanes] = {};
    for (auto n = row; n < end; ++n) {
      const auto at = n * s.channels + begin;
      for (std::int64_t k = 0; k < width; ++k) {
        a[k] += first(begin + k, at + k);
        b[k] += second(begin + k, at + k);
      }
    }
    for (std::int64_t k = 0; k < width; ++k) {
      one[k] += static_cast<double>(a[k]);
      two[k] += static_cast<double>(b[k]);
    }
  }
}

template <class First, class Second>
BELAMY_INLINE void sum_planes(const NormShape& s, std::int64_t c, double& one, double& two, First first,
                              Second second) {
  one = two = 0;
  float a[kLanes] = {}, b[kLanes] = {};
  std::int64_t terms = 0;
  const auto add = [&](std::int64_t i, std::int64_t n) {
    for (std::int64_t k = 0; k < n; ++k) {
      a[k] += first(c, i + k);
      b[k] += second(c, i + k);
    }
  };
  const auto flush = [&] {
    for (std::int64_t k = 0; k < kLanes; ++k) {
      one += static_cast<double>(a[k]);
      two += static_cast<double>(b[k]);
      a[k] = b[k] = 0;
    }
    terms = 0;
  };
  for (std::int64_t n = 0; n < s.batch; ++n) {
    const auto plane = (n * s.channels + c) * s.inner, end = plane + s.inner;
    for (auto i = plane; i < end;) {
      const auto stop = std::min(i + kLanes * kRows, end);
      terms += (stop - i + kLanes - 1) / kLanes;
      for (; i + kLanes <= stop; i += kLanes) add(i, kLanes);
      for (; i + kShort <= stop; i += kShort) add(i, kShort);
      add(i, stop - i);
      i = stop;
      if (terms >= kRows) flush();
    }
  }
  flush();
}

// keep(channel, sum of first, sum of second)
template <class First, class Second, class Keep>
BELAMY_INLINE void sum_channels(const NormShape& s, std::int64_t first, std::int64_t last, First one,
                                Second two, Keep keep) {
  if (s.inner > 1) {
    for (auto c = first; c < last; ++c) {
      double a, b;
      sum_planes(s, c, a, b, one, two);
      keep(c, a, b);
    }
    return;
  }
  for (auto begin = first; begin < last; begin += kLanes) {
    const auto width = std::min(kLanes, last - begin);
    double a[kLanes], b[kLanes];
    if (width == kLanes) {
      sum_columns(s, begin, kLanes, a, b, one, two);
    } else {
      sum_columns(s, begin, width, a, b, one, two);
    }
    for (std::int64_t k = 0; k < width; ++k) keep(begin + k, a[k], b[k]);
  }
}

// write(channel, place) for every value.
template <class Write>
BELAMY_INLINE void each_value(const NormShape& s, std::int64_t first, std::int64_t last, Write write) {
  if (s.inner > 1) {
    for (auto c = first; c < last; ++c) {
      for (std::int64_t n = 0; n < s.batch; ++n) {
        const auto plane = (n * s.channels + c) * s.inner;
        for (std::int64_t i = 0; i < s.inner; ++i) write(c, plane + i);
      }
    }
    return;
  }
  for (std::int64_t n = 0; n < s.batch; ++n) {
    const auto row = n * s.channels;
    for (auto c = first; c < last; ++c) write(c, row + c);
  }
}

}  // namespace

BELAMY_CLONES void norm_moments(const NormShape& shape, const float* __restrict x, float* __restrict mean,
                                float* __restrict variance, std::int64_t first, std::int64_t last) {
  const double count = static_cast<double>(shape.batch) * static_cast<double>(shape.inner);
  const auto none = [](std::int64_t, std::int64_t) { return 0.0f; };
  sum_channels(
      shape, first, last, [x](std::int64_t, std::int64_t i) { return x[i]; }, none,
      [&](std::int64_t c, double sum, double) { mean[c] = static_cast<float>(sum / count); });
  const float* m = mean;
  sum_channels(
      shape, first, last, [x, m](std::int64_t c, std::int64_t i) { return (x[i] - m[c]) * (x[i] - m[c]); },
      none, [&](std::int64_t c, double sum, double) { variance[c] = static_cast<float>(sum / count); });
}

BELAMY_CLONES void norm_apply(const NormShape& shape, const NormMap& map, const float* __restrict x,
                              float* __restrict y, std::int64_t first, std::int64_t last) {
  const float* __restrict scale = map.scale, * __restrict shift = map.shift;
  const float slope = map.slope;
  each_value(shape, first, last, [=](std::int64_t c, std::int64_t i) {
    const float value = x[i] * scale[c] + shift[c];
    y[i] = value > 0 ? value : value * slope;
  });
}

BELAMY_CLONES void norm_sums(const NormShape& shape, const NormMap& map, const float* __restrict x,
                             const float* __restrict mean, const float* __restrict gradient,
                             float* __restrict sum, float* __restrict product, std::int64_t first,
                             std::int64_t last) {
  const float* __restrict scale = map.scale, * __restrict shift = map.shift;
  const float slope = map.slope;
  const auto g = [=](std::int64_t c, std::int64_t i) {
    return passed(x[i], gradient[i], scale[c], shift[c], slope);
  };
  sum_channels(
      shape, first, last, g, [=](std::int64_t c, std::int64_t i) { return g(c, i) * (x[i] - mean[c]); },
      [&](std::int64_t c, double a, double b) {
        sum[c] = static_cast<float>(a);
        product[c] = static_cast<float>(b);
      });
}

BELAMY_CLONES void norm_gradient(const NormShape& shape, const NormMap& map, const float* __restrict x,
                                 const float* __restrict mean, const float* __restrict gradient,
                                 const float* __restrict level, const float* __restrict tilt,
                                 float* __restrict out, std::int64_t first, std::int64_t last) {
  const float* __restrict scale = map.scale, * __restrict shift = map.shift;
  const float slope = map.slope;
  each_value(shape, first, last, [=](std::int64_t c, std::int64_t i) {
    const float g = passed(x[i], gradient[i], scale[c], shift[c], slope);
    out[i] = scale[c] * (g - level[c]) + tilt[c] * (x[i] - mean[c]);
  });
}

}  // namespace belamy::nn
