#include "nn/draw_kernel.h"

#include <algorithm>
#include <cstring>

#include "core/clones.h"

namespace belamy::nn {
namespace {

constexpr int kLanes = 16;
using Words = std::uint32_t __attribute__((vector_size(4 * kLanes)));
using Floats = float __attribute__((vector_size(4 * kLanes)));
using Integers = std::int32_t __attribute__((vector_size(4 * kLanes)));
using Longs = std::uint64_t __attribute__((vector_size(4 * kLanes)));

constexpr std::uint32_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

#define BELAMY_INLINE inline __attribute__((always_inline))

// The upper halves of the products: of the even words, then of the odd ones.
BELAMY_INLINE Words multiply_high(const Words& x, std::uint32_t factor) {
  Longs pairs;
  std::memcpy(&pairs, &x, sizeof pairs);
  const Longs even = (pairs & 0xFFFFFFFFull) * factor >> 32;
  const Longs odd = (pairs >> 32) * factor & ~0xFFFFFFFFull;
  const Longs both = even | odd;
  Words high;
  std::memcpy(&high, &both, sizeof high);
  return high;
}

// The ten rounds for `kLanes` counters at once.
BELAMY_INLINE void rounds(Words (&c)[4], std::uint64_t key) {
  auto key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const Words high0 = multiply_high(c[0], kMultiply0), low0 = c[0] * kMultiply0;
    const Words high1 = multiply_high(c[2], kMultiply1), low1 = c[2] * kMultiply1;
    c[0] = high1 ^ c[1] ^ key0;
    c[2] = high0 ^ c[3] ^ key1;
    c[1] = low1;
    c[3] = low0;
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
}

// 1 / (1 + exp(-x)): exp2 by a polynomial of degree 6 on [-0.5, 0.5], relative error below 3e-7.
BELAMY_INLINE Floats sigmoid(const Floats& x) {
  const Floats limit = Floats{} + 87.0f;
  const Floats above = x < -limit ? -limit : x, inside = above > limit ? limit : above;
  const Floats t = inside * -1.44269504f;
  const Floats whole =
      (t + 12582912.0f) - 12582912.0f;  // nearest integer: 1.5 * 2^23 pushes the fraction out
  const Floats f = t - whole;
  Floats p = Floats{} + 1.535336e-4f;
  p = p * f + 1.339887e-3f;
  p = p * f + 9.618437e-3f;
  p = p * f + 5.550332e-2f;
  p = p * f + 2.402265e-1f;
  p = p * f + 6.931472e-1f;
  p = p * f + 1.0f;
  const Integers exponent = (__builtin_convertvector(whole, Integers) + 127) << 23;
  Floats power;
  std::memcpy(&power, &exponent, sizeof power);
  return 1.0f / (1.0f + p * power);
}

// Uniform on [0, 1), 24 bits.
BELAMY_INLINE Floats uniform(const Words& words) {
  return __builtin_convertvector(words >> 8, Floats) * 0x1p-24f;
}

// -2 log(u) for u in [2^-25, 1]: the exponent apart, of the rest in [sqrt(1/2), sqrt(2)) the series of
// 2 artanh((m - 1) / (m + 1)), relative error below 1e-7.
BELAMY_INLINE Floats minus_two_log(const Floats& u) {
  Integers bits;
  std::memcpy(&bits, &u, sizeof bits);
  const Integers exponent = (bits - 0x3F3504F3) >> 23;  // of sqrt(1/2): what is left begins there
  bits -= exponent << 23;
  Floats m;
  std::memcpy(&m, &bits, sizeof m);
  const Floats s = (m - 1.0f) / (m + 1.0f), q = s * s;
  Floats p = Floats{} + 2.0f / 9;
  p = p * q + 2.0f / 7;
  p = p * q + 2.0f / 5;
  p = p * q + 2.0f / 3;
  p = p * q + 2.0f;
  return (__builtin_convertvector(exponent, Floats) * 0.693147181f + p * s) * -2.0f;
}

// Sine and cosine of 2 pi u: of the distance to the nearest quarter turn, then turned by the quarters. The
// polynomials are Taylor's on [-pi/4, pi/4], errors below 3e-7.
BELAMY_INLINE void turn(const Floats& u, Floats& sine, Floats& cosine) {
  const Floats quarters = u * 4.0f, nearest = (quarters + 12582912.0f) - 12582912.0f;
  const Floats x = (quarters - nearest) * 1.57079633f, q = x * x;
  Floats s = Floats{} + 2.75573192e-6f, c = Floats{} + 2.48015873e-5f;
  s = s * q - 1.98412698e-4f;
  s = s * q + 8.33333333e-3f;
  s = s * q - 1.66666667e-1f;
  s = s * q * x + x;
  c = c * q - 1.38888889e-3f;
  c = c * q + 4.16666667e-2f;
  c = c * q - 0.5f;
  c = c * q + 1.0f;
  const Integers quarter = __builtin_convertvector(nearest, Integers);
  const Integers swaps = -(quarter & 1);  // all bits where sine and cosine change places
  const Floats a = swaps ? c : s, b = swaps ? s : c;
  sine = (quarter & 2) ? -a : a;
  cosine = ((quarter + 1) & 2) ? -b : b;
}

// The four random words of each lane, for a block of a flat array; `c` holds zeros before.
BELAMY_INLINE void words_of_block(std::int64_t block, std::uint64_t key, Words (&c)[4]) {
  Words lanes;
  for (int l = 0; l < kLanes; ++l) lanes[l] = static_cast<std::uint32_t>(l);
  const auto at = static_cast<std::uint64_t>(block) * kLanes;
  c[0] = lanes + static_cast<std::uint32_t>(at);
  c[1] += static_cast<std::uint32_t>(at >> 32);
  rounds(c, key);
}

BELAMY_INLINE std::size_t bytes_of_block(std::int64_t block, std::int64_t n) {
  return static_cast<std::size_t>(std::min(kDrawBlock, n - block * kDrawBlock)) * sizeof(float);
}

}  // namespace

void philox(const std::uint32_t counter[4], std::uint64_t key, std::uint32_t out[4]) {
  Words c[4] = {};
  for (int k = 0; k < 4; ++k) c[k][0] = counter[k];
  rounds(c, key);
  for (int k = 0; k < 4; ++k) out[k] = c[k][0];
}

BELAMY_CLONES void sigmoid_draw(const float* logits, const float* bias, float* mean, float* sample,
                                std::int64_t columns, std::int64_t first, std::int64_t last,
                                std::uint64_t key) {
  Words lanes;
  for (int l = 0; l < kLanes; ++l) lanes[l] = static_cast<std::uint32_t>(l);
  for (std::int64_t row = first; row < last; ++row) {
    for (std::int64_t begin = 0; begin < columns; begin += 4 * kLanes) {
      const auto n = static_cast<std::size_t>(std::min<std::int64_t>(4 * kLanes, columns - begin));
      const auto at = row * columns + begin;
      Floats x[4] = {}, b[4] = {};
      std::memcpy(x, logits + at, n * sizeof(float));
      if (bias) {
        std::memcpy(b, bias + begin, n * sizeof(float));
        for (int k = 0; k < 4; ++k) x[k] = sigmoid(x[k] + b[k]);
      }
      if (mean) std::memcpy(mean + at, x, n * sizeof(float));
      if (!sample) continue;
      Words c[4] = {};
      c[0] = lanes + static_cast<std::uint32_t>(begin / 4);
      c[1] += static_cast<std::uint32_t>(row);
      c[2] += static_cast<std::uint32_t>(row >> 32);
      rounds(c, key);
      for (int k = 0; k < 4; ++k) {
        x[k] = uniform(c[k]) < x[k] ? Floats{} + 1.0f : Floats{};
      }
      std::memcpy(sample + at, x, n * sizeof(float));
    }
  }
}

BELAMY_CLONES void normal_draw(float* out, std::int64_t n, float deviation, std::int64_t first,
                               std::int64_t last, std::uint64_t key) {
  for (auto block = first; block < last; ++block) {
    Words c[4] = {};
    words_of_block(block, key, c);
    Floats x[4];
    for (int k = 0; k < 4; k += 2) {
      const Floats square = minus_two_log(uniform(c[k]) + 0x1p-25f);
      Floats radius;
      for (int l = 0; l < kLanes; ++l) radius[l] = __builtin_sqrtf(square[l]) * deviation;
      turn(uniform(c[k + 1]), x[k], x[k + 1]);
      x[k] *= radius;
      x[k + 1] *= radius;
    }
    std::memcpy(out + block * kDrawBlock, x, bytes_of_block(block, n));
  }
}

BELAMY_CLONES void dropout_draw(float* out, std::int64_t n, float keep, std::int64_t first, std::int64_t last,
                                std::uint64_t key) {
  for (auto block = first; block < last; ++block) {
    Words c[4] = {};
    words_of_block(block, key, c);
    Floats x[4];
    for (int k = 0; k < 4; ++k) x[k] = uniform(c[k]) < keep ? Floats{} + 1.0f / keep : Floats{};
    std::memcpy(out + block * kDrawBlock, x, bytes_of_block(block, n));
  }
}

}  // namespace belamy::nn
