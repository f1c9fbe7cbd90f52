#include "metrics/kolmogorov.h"

#include <algorithm>
#include <cmath>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy {

double kolmogorov_tail(double scaled) {
  if (scaled <= 0) return 1;
  // Two series of one function: the first converges fast for small arguments, the second for large ones.
  if (scaled < 1.18) {
    double sum = 0;
    for (int k = 1; k < 20; k += 2) sum += std::exp(-k * k * M_PI * M_PI / (8 * scaled * scaled));
    return 1 - std::sqrt(2 * M_PI) / scaled * sum;
  }
  double sum = 0, sign = 1;
  for (int k = 1; k < 20; ++k, sign = -sign) sum += sign * std::exp(-2.0 * k * k * scaled * scaled);
  return 2 * sum;
}

KolmogorovTest kolmogorov_test(const torch::Tensor& samples,
                               const std::function<double(double)>& distribution) {
  if (samples.dim() != 1 || samples.numel() == 0)
    throw data_error("a Kolmogorov test needs numbers [N], at least one");
  const auto sorted = std::get<0>(samples.detach().to(torch::kCPU, torch::kFloat64).sort());
  if (!sorted.isfinite().all().item<bool>()) throw data_error("a Kolmogorov test needs finite numbers");
  const auto* x = sorted.data_ptr<double>();
  const auto n = static_cast<double>(sorted.numel());
  KolmogorovTest test;
  for (std::int64_t i = 0; i < sorted.numel(); ++i) {
    const double wanted = distribution(x[i]), at = static_cast<double>(i);
    test.distance = std::max({test.distance, wanted - at / n, (at + 1) / n - wanted});
  }
  const double root = std::sqrt(n);
  test.scaled = root * test.distance;
  test.p_value = kolmogorov_tail((root + 0.12 + 0.11 / root) * test.distance);
  return test;
}

double normal_distribution(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

}  // namespace belamy
