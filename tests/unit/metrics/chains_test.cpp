// Diagnostics of Markov chains against autoregressive processes, whose correlations are known.
#include "metrics/chains.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy {
namespace {

using torch::Tensor;

// x' = a x + sqrt(1 - a^2) e with e ~ N(0, 1), from its own stationary distribution N(0, 1): [C, T]. Its
// correlation at lag k is a^k, and T states are worth T (1 - a) / (1 + a) for the mean.
Tensor autoregressive(double a, std::int64_t chains, std::int64_t length) {
  auto generator = at::detail::createCPUGenerator(11);
  const auto noise = torch::randn({length, chains}, generator, torch::kFloat64);
  std::vector<Tensor> states = {noise[0]};
  for (std::int64_t t = 1; t < length; ++t)
    states.push_back(a * states.back() + std::sqrt(1 - a * a) * noise[t]);
  return at::stack(states, 1);
}

TEST(ChainsTest, AutocorrelationsAreThoseOfTheProcess) {
  // 40,000 states: each correlation is known to about 0.01.
  for (const double a : {0.0, 0.5, 0.9, -0.6}) {
    const auto rho = autocorrelation(autoregressive(a, 4, 10000), 6);
    ASSERT_EQ(rho.size(), 7u);
    for (int k = 0; k <= 6; ++k)
      EXPECT_NEAR(rho[static_cast<std::size_t>(k)], std::pow(a, k), 0.03) << a << " " << k;
  }
}

TEST(ChainsTest, AutocorrelationIsTheSumOfProducts) {
  const auto x = torch::tensor({{1.0, 4.0, 2.0, 3.0, 0.0}}, torch::kFloat64);  // about its mean: -1 2 0 1 -2
  const auto rho = autocorrelation(x, 3);
  EXPECT_NEAR(rho[0], 1, 1e-12);
  EXPECT_NEAR(rho[1], (-2.0 + 0 + 0 - 2) / 10, 1e-12);
  EXPECT_NEAR(rho[2], (0.0 + 2 + 0) / 10, 1e-12);
  EXPECT_NEAR(rho[3], (-1.0 - 4) / 10, 1e-12);
}

TEST(ChainsTest, EffectiveSampleSizeIsThatOfTheProcess) {
  for (const double a : {0.0, 0.5, 0.9, -0.5}) {
    const double expected = 40000 * (1 - a) / (1 + a);
    EXPECT_NEAR(effective_sample_size(autoregressive(a, 4, 10000)) / expected, 1, 0.15) << a;
  }
  EXPECT_EQ(effective_sample_size(torch::ones({3, 50})), 0);
}

TEST(ChainsTest, RHatTellsChainsThatHaveNotMet) {
  const auto met = autoregressive(0.5, 4, 2000);
  EXPECT_LT(split_r_hat(met), 1.01);
  const auto apart = met + torch::tensor({-2.0, 2.0, -2.0, 2.0}, torch::kFloat64).unsqueeze(1);
  // Within 1; between the means of the 8 halves, four at -2 and four at 2, 4 * 8 / 7.
  EXPECT_NEAR(split_r_hat(apart), std::sqrt(1 + 4.0 * 8 / 7), 0.05);
  EXPECT_LT(effective_sample_size(apart), 10);
  // A drift that all chains share is seen by their halves alone.
  const auto drift = met + torch::linspace(-3, 3, 2000, torch::kFloat64);
  EXPECT_GT(split_r_hat(drift), 1.5);
  EXPECT_EQ(split_r_hat(torch::ones({2, 10})), 1);
  EXPECT_TRUE(std::isinf(split_r_hat(torch::tensor({{1.0, 1.0, 1.0, 1.0}, {2.0, 2.0, 2.0, 2.0}}))));
}

TEST(ChainsTest, ShapesAndValuesAreChecked) {
  for (const auto& bad : {torch::zeros({10}), torch::zeros({2, 3}), torch::full({2, 10}, std::nan(""))}) {
    EXPECT_THROW(split_r_hat(bad), Error);
    EXPECT_THROW(effective_sample_size(bad), Error);
  }
  EXPECT_THROW(autocorrelation(torch::zeros({2, 10}), 10), Error);
}

}  // namespace
}  // namespace belamy
