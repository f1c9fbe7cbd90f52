// Vectors of 16 floats, and functions on them for the kernels. Free of torch; included by files that are
// compiled for several instruction sets.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/clones.h"

namespace belamy::nn {

constexpr int kLanes = 16;
using Words = std::uint32_t __attribute__((vector_size(4 * kLanes)));
using Floats = float __attribute__((vector_size(4 * kLanes)));
using Integers = std::int32_t __attribute__((vector_size(4 * kLanes)));
using Longs = std::uint64_t __attribute__((vector_size(4 * kLanes)));

// exp(x), with x clamped to [-87, 87]: exp2 by a polynomial of degree 6 on [-0.5, 0.5], relative error
// below 3e-7.
BELAMY_INLINE Floats exponential(const Floats& x) {
  const Floats limit = Floats{} + 87.0f;
  const Floats above = x < -limit ? -limit : x, inside = above > limit ? limit : above;
  const Floats t = inside * 1.44269504f;
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
  return p * power;
}

BELAMY_INLINE Floats sigmoid(const Floats& x) {
  return 1.0f / (1.0f + exponential(-x));
}

// log(u) of positive numbers: the exponent, plus the series of 2 artanh((m - 1) / (m + 1)) for the rest m in
// [sqrt(1/2), sqrt(2)); relative error below 1e-7.
BELAMY_INLINE Floats logarithm(const Floats& u) {
  Integers bits;
  std::memcpy(&bits, &u, sizeof bits);
  const Integers exponent = (bits - 0x3F3504F3) >> 23;  // bits of sqrt(1/2), where m begins
  bits -= exponent << 23;
  Floats m;
  std::memcpy(&m, &bits, sizeof m);
  const Floats s = (m - 1.0f) / (m + 1.0f), q = s * s;
  Floats p = Floats{} + 2.0f / 9;
  p = p * q + 2.0f / 7;
  p = p * q + 2.0f / 5;
  p = p * q + 2.0f / 3;
  p = p * q + 2.0f;
  return __builtin_convertvector(exponent, Floats) * 0.693147181f + p * s;
}

}  // namespace belamy::nn
