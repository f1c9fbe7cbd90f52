#include "nn/group_norm_kernel.h"

#include <algorithm>
#include <cmath>

#include "core/clones.h"
#include "nn/vector_math.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kPlaces = 64;  // terms summed in a row, before they join the sum of all

BELAMY_INLINE Floats load_lanes(const float* from, std::int64_t n) {
  Floats x = {};
  std::memcpy(&x, from, static_cast<std::size_t>(n) * sizeof(float));
  return x;
}

BELAMY_INLINE void store_lanes(float* to, const Floats& x, std::int64_t n) {
  std::memcpy(to, &x, static_cast<std::size_t>(n) * sizeof(float));
}

// use(c, n) for the channels [c, c + n) of each vector; n is a constant where the vector is full.
template <class F>
BELAMY_INLINE void each_vector(std::int64_t channels, F use) {
  std::int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) use(c, std::int64_t{kLanes});
  if (c < channels) use(c, channels - c);
}

// Sum over places of term(place): vectors.
template <class F>
BELAMY_INLINE Floats sum_places(std::int64_t places, F term) {
  Floats sum = {};
  for (std::int64_t begin = 0; begin < places; begin += kPlaces) {
    const auto end = std::min(begin + kPlaces, places);
    Floats part = {};
    for (auto p = begin; p < end; ++p) part += term(p);
    sum += part;
  }
  return sum;
}

// of_group[g] = the sum of of_channel over its channels, times `factor`.
BELAMY_INLINE double sum_group(const GroupShape& s, const float* of_channel, std::int64_t g) {
  const auto width = s.channels / s.groups;
  double sum = 0;
  for (auto c = g * width; c < (g + 1) * width; ++c) sum += static_cast<double>(of_channel[c]);
  return sum;
}

// Writes the value of each group to all of its channels.
BELAMY_INLINE void spread_group(const GroupShape& s, std::int64_t g, float value, float* of_channel) {
  const auto width = s.channels / s.groups;
  std::fill(of_channel + g * width, of_channel + (g + 1) * width, value);
}

}  // namespace

BELAMY_CLONES void group_norm_forward(const GroupShape& shape, bool plain, float epsilon, const float* x,
                                      const float* scale, const float* shift, float* y, float* mean,
                                      float* precision, float* buffer) {
  const auto places = shape.places, channels = shape.channels;
  const double count = static_cast<double>(places * channels / shape.groups);
  float *const sums = buffer, *const centre = buffer + channels, *const factor = centre + channels;
  each_vector(channels, [&](std::int64_t c, std::int64_t n) {
    store_lanes(sums + c,
                sum_places(places, [&](std::int64_t p) { return load_lanes(x + p * channels + c, n); }), n);
  });
  for (std::int64_t g = 0; g < shape.groups; ++g) {
    mean[g] = static_cast<float>(sum_group(shape, sums, g) / count);
    spread_group(shape, g, mean[g], centre);
  }
  each_vector(channels, [&](std::int64_t c, std::int64_t n) {
    const Floats m = load_lanes(centre + c, n);
    store_lanes(sums + c,
                sum_places(places,
                           [&](std::int64_t p) {
                             const Floats d = load_lanes(x + p * channels + c, n) - m;
                             return d * d;
                           }),
                n);
  });
  for (std::int64_t g = 0; g < shape.groups; ++g) {
    precision[g] =
        static_cast<float>(1 / std::sqrt(sum_group(shape, sums, g) / count + static_cast<double>(epsilon)));
    spread_group(shape, g, precision[g], factor);
  }
  each_vector(channels, [&](std::int64_t c, std::int64_t n) {
    const Floats a = load_lanes(scale + c, n) * load_lanes(factor + c, n);
    const Floats b = load_lanes(shift + c, n) - load_lanes(centre + c, n) * a;
    for (std::int64_t p = 0; p < places; ++p) {
      const Floats z = load_lanes(x + p * channels + c, n) * a + b;
      store_lanes(y + p * channels + c, plain ? z : z * sigmoid(z), n);
    }
  });
}

BELAMY_CLONES void group_norm_backward(const GroupShape& shape, bool plain, const float* x,
                                       const float* scale, const float* shift, const float* mean,
                                       const float* precision, const float* gradient, float* by_x,
                                       float* by_scale, float* by_shift, float* buffer) {
  const auto places = shape.places, channels = shape.channels;
  const double count = static_cast<double>(places * channels / shape.groups);
  float *const centre = buffer, *const factor = buffer + channels, *const level = factor + channels,
               *const tilt = level + channels;
  for (std::int64_t g = 0; g < shape.groups; ++g) {
    spread_group(shape, g, mean[g], centre);
    spread_group(shape, g, precision[g], factor);
  }
  // The gradient by what f gets goes to by_x for now.
  each_vector(channels, [&](std::int64_t c, std::int64_t n) {
    const Floats m = load_lanes(centre + c, n), r = load_lanes(factor + c, n);
    const Floats a = load_lanes(scale + c, n) * r, b = load_lanes(shift + c, n) - m * a;
    Floats products = {};
    const Floats sums = sum_places(places, [&](std::int64_t p) {
      const auto at = p * channels + c;
      const Floats value = load_lanes(x + at, n);
      Floats g = load_lanes(gradient + at, n);
      if (!plain) {
        const Floats z = value * a + b, s = sigmoid(z);
        g *= s * (1.0f + z * (1.0f - s));
      }
      store_lanes(by_x + at, g, n);
      products += g * (value - m);
      return g;
    });
    store_lanes(by_shift + c, sums, n);
    store_lanes(by_scale + c, products * r, n);
    store_lanes(level + c, sums * load_lanes(scale + c, n), n);
    store_lanes(tilt + c, products * r * load_lanes(scale + c, n), n);
  });
  for (std::int64_t g = 0; g < shape.groups; ++g) {
    const double r = static_cast<double>(precision[g]);
    const double mean_level = sum_group(shape, level, g) / count,
                 mean_tilt = sum_group(shape, tilt, g) / count;
    spread_group(shape, g, static_cast<float>(-r * mean_level), level);
    spread_group(shape, g, static_cast<float>(-r * r * mean_tilt), tilt);
  }
  each_vector(channels, [&](std::int64_t c, std::int64_t n) {
    const Floats m = load_lanes(centre + c, n);
    const Floats a = load_lanes(scale + c, n) * load_lanes(factor + c, n);
    const Floats l = load_lanes(level + c, n), t = load_lanes(tilt + c, n);
    for (std::int64_t p = 0; p < places; ++p) {
      const auto at = p * channels + c;
      const Floats g = load_lanes(by_x + at, n);
      store_lanes(by_x + at, g * a + l + (load_lanes(x + at, n) - m) * t, n);
    }
  });
}

}  // namespace belamy::nn
