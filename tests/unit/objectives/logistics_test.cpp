// Discretised mixtures of logistics: against sums over all levels, sigmoids in double precision, and draws.
#include "objectives/logistics.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "numbers.h"

namespace belamy::objectives {
namespace {

Tensor all_levels(std::int64_t levels) {
  return torch::linspace(-1, 1, levels).to(torch::kFloat);
}

// Parameters as wide as a network could give: means beyond the range, scales from far below a level to flat.
Tensor random_parameters(std::int64_t n, std::int64_t channels, std::int64_t components, std::uint64_t seed) {
  auto raw = torch::randn({n, logistics_size(channels, components)}, seeded(seed));
  raw.narrow(1, components * (1 + channels), channels * components).mul_(3).sub_(3);
  return raw;
}

TEST(Logistics, TheLevelsOfAPixelSumToOneAtAThousandRandomParameters) {
  const std::int64_t n = 1000;
  const auto raw = random_parameters(n, 1, 5, 1);
  const auto x = all_levels(256).repeat({n}).view({n * 256, 1, 1, 1});
  const auto rows = raw.repeat_interleave(256, 0).view({n * 256, 15, 1, 1});
  const auto p = logistics_log_likelihood(x, rows, 5).to(torch::kDouble).exp().view({n, 256}).sum(1);
  EXPECT_LT((p - 1).abs().max().item<double>(), 1e-5);
}

TEST(Logistics, TheColoursOfAPixelSumToOne) {
  const std::int64_t levels = 8, k = 3, n = levels * levels * levels;
  const auto values = all_levels(levels);
  const auto grid = torch::meshgrid({values, values, values}, "ij");
  const auto x =
      torch::stack({grid[0].flatten(), grid[1].flatten(), grid[2].flatten()}, 1).view({n, 3, 1, 1});
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto raw =
        random_parameters(1, 3, k, seed).expand({n, logistics_size(3, k)}).unsqueeze(2).unsqueeze(3);
    const auto p = logistics_log_likelihood(x, raw.contiguous(), k, levels).to(torch::kDouble).exp();
    EXPECT_NEAR(p.sum().item<double>(), 1, 1e-5);
  }
}

// One component against differences of sigmoids in double precision.
TEST(Logistics, AMassIsADifferenceOfSigmoids) {
  const double mean = 0.3, log_scale = -2.5, half = 1.0 / 255;
  const auto raw = torch::tensor({0.0, mean, log_scale}).to(torch::kFloat).view({1, 3, 1, 1});
  const auto cdf = [&](double x) { return 1 / (1 + std::exp(-(x - mean) / std::exp(log_scale))); };
  for (const std::int64_t level : {0, 1, 100, 166, 254, 255}) {
    const double x = static_cast<double>(level) * 2 / 255 - 1;
    const double upper = level == 255 ? 1 : cdf(x + half), lower = level == 0 ? 0 : cdf(x - half);
    const auto got = logistics_log_likelihood(torch::full({1, 1, 1, 1}, x), raw, 1).item<double>();
    EXPECT_NEAR(got, std::log(upper - lower), 2e-4) << level;
  }
}

// Where the mass is far below what single precision can tell from zero, its logarithm is still right.
TEST(Logistics, FarTailsHaveFiniteValuesAndGradients) {
  auto raw = torch::tensor({0.0, -3.0, -7.0}).to(torch::kFloat).view({1, 3, 1, 1}).requires_grad_();
  const auto y = logistics_log_likelihood(torch::full({1, 1, 1, 1}, 0.5), raw, 1);
  // - (x - mean) / scale to first order
  EXPECT_NEAR(y.item<double>() / (-3.5 * std::exp(7.0)), 1, 0.01);
  const auto g = torch::autograd::grad({y}, {raw})[0];
  EXPECT_TRUE(torch::isfinite(g).all().item<bool>());
  EXPECT_GT(g.view({3})[1].item<float>(), 100);  // towards the value
}

TEST(Logistics, AChannelDependsOnTheChannelsBeforeItAlone) {
  const auto raw = random_parameters(4, 3, 2, 3).unsqueeze(2).unsqueeze(3);
  auto x = to_levels(torch::rand({4, 3, 1, 1}, seeded(2)) * 2 - 1);
  // p(r, g, b) = p(r) p(g | r) p(b | r, g): the part that depends on b's parameters does not change with them.
  const auto size = [&](std::int64_t channels) { return logistics_size(channels, 2); };
  ASSERT_EQ(size(3), 2 * (1 + 6 + 3));
  auto moved = raw.clone();
  moved.narrow(1, 2 * (1 + 6), 2).add_(1);  // the coefficient of red in green's mean
  const auto first = logistics_log_likelihood(x, raw, 2), second = logistics_log_likelihood(x, moved, 2);
  EXPECT_GT((first - second).abs().max().item<float>(), 1e-4);
  x.select(1, 0).zero_();  // a red of 0 makes the coefficient irrelevant
  EXPECT_LT(
      (logistics_log_likelihood(x, raw, 2) - logistics_log_likelihood(x, moved, 2)).abs().max().item<float>(),
      1e-6);
}

// 200,000 draws of one pixel: each frequency within 5 standard errors of its probability.
TEST(Logistics, DrawsHaveTheProbabilitiesOfTheLevels) {
  const std::int64_t n = 200'000, levels = 16;
  const auto raw = torch::tensor({0.5, -0.5, -0.4, 0.9, -2.0, -1.0}).to(torch::kFloat).unsqueeze(0);
  const auto drawn = draw_logistics(raw.expand({n, 6}), 1, 2, seeded(5), levels);
  EXPECT_TRUE(torch::equal(drawn, to_levels(drawn, levels)));
  const auto p = logistics_log_likelihood(all_levels(levels).view({levels, 1, 1, 1}),
                                          raw.expand({levels, 6}).unsqueeze(2).unsqueeze(3), 2, levels)
                     .exp();
  const auto places = ((drawn + 1) * (0.5 * (levels - 1))).round().to(torch::kLong).flatten();
  const auto shares = places.bincount({}, levels).to(torch::kFloat) / static_cast<double>(n);
  const auto errors = (p * (1 - p) / static_cast<double>(n)).sqrt();
  EXPECT_LT(((shares - p) / errors).abs().max().item<double>(), 5);
}

TEST(Logistics, LevelsAreKept) {
  const auto bytes = torch::arange(256).to(torch::kFloat) / 127.5 - 1;
  EXPECT_LT((to_levels(bytes) - bytes).abs().max().item<float>(), 1e-6);
}

}  // namespace
}  // namespace belamy::objectives
