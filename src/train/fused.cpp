#include "train/fused.h"

#include "core/clones.h"

namespace belamy {

BELAMY_CLONES void fused_adam(const FlatRange& range, const AdamRule& rule, float scale, float keep) {
  float* __restrict value = range.value;
  const float* __restrict gradient = range.gradient;
  float* __restrict first = range.first;
  float* __restrict second = range.second;
  const AdamRule r = rule;
  for (std::int64_t i = 0; i < range.n; ++i) {
    const float g = gradient[i] * scale;
    const float m = r.beta1 * first[i] + (1 - r.beta1) * g;
    const float v = r.beta2 * second[i] + (1 - r.beta2) * g * g;
    first[i] = m;
    second[i] = v;
    value[i] -=
        r.lr * (m * r.correction1) / (__builtin_sqrtf(v * r.correction2) + r.epsilon) + r.decay * value[i];
  }
  if (float* __restrict average = range.average) {
    for (std::int64_t i = 0; i < range.n; ++i) average[i] += (1 - keep) * (value[i] - average[i]);
  }
}

BELAMY_CLONES void fused_sgd(const FlatRange& range, const SgdRule& rule, float scale, float keep) {
  float* __restrict value = range.value;
  const float* __restrict gradient = range.gradient;
  float* __restrict first = range.first;
  const SgdRule r = rule;
  for (std::int64_t i = 0; i < range.n; ++i) {
    const float m = r.momentum * first[i] + gradient[i] * scale;
    first[i] = m;
    value[i] -= r.lr * m + r.decay * value[i];
  }
  if (float* __restrict average = range.average) {
    for (std::int64_t i = 0; i < range.n; ++i) average[i] += (1 - keep) * (value[i] - average[i]);
  }
}

BELAMY_CLONES void fused_rmsprop(const FlatRange& range, const RmspropRule& rule, float scale, float keep) {
  float* __restrict value = range.value;
  const float* __restrict gradient = range.gradient;
  float* __restrict second = range.second;
  const RmspropRule r = rule;
  for (std::int64_t i = 0; i < range.n; ++i) {
    const float g = gradient[i] * scale;
    const float v = r.alpha * second[i] + (1 - r.alpha) * g * g;
    second[i] = v;
    value[i] -= r.lr * g / (__builtin_sqrtf(v) + r.epsilon) + r.decay * value[i];
  }
  if (float* __restrict average = range.average) {
    for (std::int64_t i = 0; i < range.n; ++i) average[i] += (1 - keep) * (value[i] - average[i]);
  }
}

BELAMY_CLONES double sum_of_squares(const float* values, std::int64_t n) {
  constexpr std::int64_t lanes = 64, block = 64 * lanes;
  double sum = 0;
  for (std::int64_t begin = 0; begin < n; begin += block) {
    const auto end = begin + block < n ? begin + block : n;
    float partial[lanes] = {};
    auto i = begin;
    for (; i + lanes <= end; i += lanes) {
      for (std::int64_t k = 0; k < lanes; ++k) partial[k] += values[i + k] * values[i + k];
    }
    for (std::int64_t k = 0; i < end; ++i, ++k) partial[k] += values[i] * values[i];
    for (std::int64_t k = 0; k < lanes; ++k) sum += static_cast<double>(partial[k]);
  }
  return sum;
}

}  // namespace belamy
