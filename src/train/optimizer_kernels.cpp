#include "train/optimizer_kernels.h"

#include "core/clones.h"

namespace belamy {
namespace {

constexpr float single(double x) {
  return static_cast<float>(x);
}

// Inlined into each clone below, so that it is compiled for the same instruction set.
BELAMY_INLINE void follow(const FlatRange& range, double keep) {
  float* __restrict average = range.average;
  if (!average) return;
  const float* __restrict value = range.value;
  const float rest = single(1 - keep);
  for (std::int64_t i = 0; i < range.n; ++i) average[i] += rest * (value[i] - average[i]);
}

}  // namespace

BELAMY_CLONES void fused_adam(const FlatRange& range, const AdamRule& rule, double scale, double keep) {
  float* __restrict value = range.value;
  const float* __restrict gradient = range.gradient;
  float* __restrict first = range.first;
  float* __restrict second = range.second;
  const float lr = single(rule.lr), epsilon = single(rule.epsilon), decay = single(rule.decay);
  const float beta1 = single(rule.beta1), rest1 = single(1 - rule.beta1),
              correction1 = single(rule.correction1);
  const float beta2 = single(rule.beta2), rest2 = single(1 - rule.beta2),
              correction2 = single(rule.correction2);
  const float factor = single(scale);
  for (std::int64_t i = 0; i < range.n; ++i) {
    const float g = gradient[i] * factor;
    const float m = beta1 * first[i] + rest1 * g;
    const float v = beta2 * second[i] + rest2 * g * g;
    first[i] = m;
    second[i] = v;
    value[i] -= lr * (m * correction1) / (__builtin_sqrtf(v * correction2) + epsilon) + decay * value[i];
  }
  follow(range, keep);
}

BELAMY_CLONES void fused_sgd(const FlatRange& range, const SgdRule& rule, double scale, double keep) {
  float* __restrict value = range.value;
  const float* __restrict gradient = range.gradient;
  float* __restrict first = range.first;
  const float lr = single(rule.lr), momentum = single(rule.momentum), decay = single(rule.decay);
  const float factor = single(scale);
  for (std::int64_t i = 0; i < range.n; ++i) {
    const float m = momentum * first[i] + gradient[i] * factor;
    first[i] = m;
    value[i] -= lr * m + decay * value[i];
  }
  follow(range, keep);
}

BELAMY_CLONES void fused_rmsprop(const FlatRange& range, const RmspropRule& rule, double scale, double keep) {
  float* __restrict value = range.value;
  const float* __restrict gradient = range.gradient;
  float* __restrict second = range.second;
  const float lr = single(rule.lr), epsilon = single(rule.epsilon), decay = single(rule.decay);
  const float alpha = single(rule.alpha), rest_alpha = single(1 - rule.alpha);
  const float factor = single(scale);
  for (std::int64_t i = 0; i < range.n; ++i) {
    const float g = gradient[i] * factor;
    const float v = alpha * second[i] + rest_alpha * g * g;
    second[i] = v;
    value[i] -= lr * g / (__builtin_sqrtf(v) + epsilon) + decay * value[i];
  }
  follow(range, keep);
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
