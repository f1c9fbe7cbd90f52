#include "nn/bernoulli_kernel.h"

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
        const Floats u = __builtin_convertvector(c[k] >> 8, Floats) * 0x1p-24f;
        x[k] = u < x[k] ? Floats{} + 1.0f : Floats{};
      }
      std::memcpy(sample + at, x, n * sizeof(float));
    }
  }
}

}  // namespace belamy::nn
