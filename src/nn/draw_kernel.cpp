#include "nn/draw_kernel.h"

#include <algorithm>
#include <cstring>

#include "core/clones.h"
#include "nn/vector_math.h"

namespace belamy::nn {
namespace {

constexpr std::uint32_t kMultiply0 = 0xD2511F53, kMultiply1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

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

// Uniform on [0, 1), 24 bits.
BELAMY_INLINE Floats uniform(const Words& words) {
  return __builtin_convertvector(words >> 8, Floats) * 0x1p-24f;
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
  const Integers swaps = -(quarter & 1);  // all bits set where sine and cosine swap
  const Floats a = swaps ? c : s, b = swaps ? s : c;
  sine = (quarter & 2) ? -a : a;
  cosine = ((quarter + 1) & 2) ? -b : b;
}

// The four random words of each lane, for a block of a flat array; `c` must be zero.
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
      const Floats square = logarithm(uniform(c[k]) + 0x1p-25f) * -2.0f;
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
