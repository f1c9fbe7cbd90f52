#include "objectives/variational.h"

#include <cmath>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "numbers.h"
#include "objectives/likelihood.h"

namespace belamy::objectives {
namespace {

struct CodeDraws {
  Tensor mean, log_variance, z;
};

CodeDraws code_draws(std::int64_t n, std::int64_t size, std::uint64_t seed) {
  auto generator = seeded(seed);
  const auto normal = [&] { return torch::randn({n, size}, generator, torch::kDouble); };
  const auto mean = normal(), log_variance = normal() * 0.3 - 1;
  return {mean, log_variance, reparametrise(mean, log_variance, normal())};
}

TEST(KlParts, AddUpToTheKl) {
  // For every draw the sum is log q(z|x) - log p(z), and its mean the KL: 40,000 draws, whose standard error is taken from
  // them.
  const auto codes = code_draws(40, 3, 1);
  auto generator = seeded(2);
  Tensor sums = torch::zeros({40}, torch::kDouble), squares = sums.clone();
  const int rounds = 1000;
  for (int i = 0; i < rounds; ++i) {
    const auto noise = torch::randn({40, 3}, generator, torch::kDouble);
    const auto z = reparametrise(codes.mean, codes.log_variance, noise);
    const auto parts = kl_parts(z, codes.mean, codes.log_variance);
    const auto sum = parts.information + parts.total_correlation + parts.dimensions;
    EXPECT_TRUE(torch::allclose(sum, normal_log_density(noise, codes.log_variance) - normal_log_density(z)));
    sums += sum;
    squares += sum.square();
  }
  const auto mean = sums / rounds, error = ((squares / rounds - mean.square()) / rounds).sqrt();
  const auto away = (mean - kl_to_standard_normal(codes.mean, codes.log_variance)) / error;
  EXPECT_LT(value(away.abs().max()), 4);  // of 40
}

TEST(KlParts, OfEqualPosteriorsAreTheKlOfTheDimensions) {
  // q(z|x) is the same for all x: it is q(z), and its dimensions are independent.
  auto codes = code_draws(50, 4, 1);
  codes.mean = codes.mean.narrow(0, 0, 1).expand({50, 4});
  codes.log_variance = codes.log_variance.narrow(0, 0, 1).expand({50, 4});
  const auto parts = kl_parts(codes.z, codes.mean, codes.log_variance);
  EXPECT_LT(value(parts.information.abs().max()), 1e-12);
  EXPECT_LT(value(parts.total_correlation.abs().max()), 1e-12);
}

TEST(KlParts, OfDistantPosteriorsHoldTheInformationOfTheBatch) {
  // No posterior reaches another one: x is known from z, log N nats.
  const auto mean = torch::arange(8).to(torch::kDouble).unsqueeze(1) * 1000;
  const auto parts = kl_parts(mean, mean, torch::zeros_like(mean));
  EXPECT_LT(value((parts.information - std::log(8.0)).abs().max()), 1e-12);
  EXPECT_LT(value(parts.total_correlation.abs().max()), 1e-12);
}

TEST(KlParts, FindTheTotalCorrelationOfAGaussian) {
  // Means from N(0, [[1, r], [r, 1]]) with r = 0.8 and posteriors of variance v = 0.25: q(z) is Gaussian with the correlation
  // r / (1 + v) = 0.64, so its total correlation is -log(1 - 0.64^2) / 2 = 0.2635. The information is
  // log det(cov q) - log v^2, halved: 1.3460. 3,000 data; the mixture overfits by about (effective values) / N.
  auto generator = seeded(3);
  const std::int64_t n = 3000;
  const auto normal = [&] { return torch::randn({n, 2}, generator, torch::kDouble); };
  const double r = 0.8, v = 0.25;
  const auto factor = torch::tensor({{1.0, r}, {0.0, std::sqrt(1 - r * r)}}, torch::kDouble);
  const auto mean = normal().matmul(factor);
  const auto log_variance = torch::full_like(mean, std::log(v));
  const auto parts = kl_parts(reparametrise(mean, log_variance, normal()), mean, log_variance);
  const double correlation = r / (1 + v);
  // Standard errors of 3,000 draws: about 0.012.
  EXPECT_NEAR(value(parts.total_correlation.mean()), -0.5 * std::log(1 - correlation * correlation), 0.05);
  EXPECT_NEAR(value(parts.information.mean()), 0.5 * std::log(((1 + v) * (1 + v) - r * r) / (v * v)), 0.05);
}

TEST(KlParts, HaveTheRightGradient) {
  const auto codes = code_draws(6, 3, 4);
  EXPECT_LT(
      gradient_error(
          [&](const Tensor& z) { return kl_parts(z, codes.mean, codes.log_variance).total_correlation; },
          codes.z),
      1e-7);
  EXPECT_LT(
      gradient_error(
          [&](const Tensor& mean) { return kl_parts(codes.z, mean, codes.log_variance).total_correlation; },
          codes.mean),
      1e-7);
  EXPECT_LT(
      gradient_error([&](const Tensor& log) { return kl_parts(codes.z, codes.mean, log).total_correlation; },
                     codes.log_variance),
      1e-7);
}

}  // namespace
}  // namespace belamy::objectives
