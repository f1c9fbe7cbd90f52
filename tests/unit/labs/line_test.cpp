#include "labs/line.h"

#include <cmath>
#include <gtest/gtest.h>

namespace belamy::labs {
namespace {

const LineMixture uneven{{{-2, 0.5}, {1, 1.5}}};

TEST(LineMixtureTest, AMixtureHasItsMassBetweenLowAndHigh) {
  const auto mass = integrate([](double x) { return uneven.density(x); }, uneven.low(), uneven.high());
  EXPECT_NEAR(mass, 1, 1e-9);
  EXPECT_NEAR(uneven.log_density(1e4), Gaussian({1, 1.5}).log_density(1e4) - std::log(2.0), 1e-6);
}

TEST(LineMixtureTest, StratifiedDrawsFollowTheMixture) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(3);
  const auto drawn = uneven.sample(20001, generator);
  ASSERT_EQ(drawn.sizes(), (std::vector<std::int64_t>{20001, 1}));
  const auto x = drawn.to(torch::kFloat64);
  // Mean and variance of the mixture; a stratified draw is far closer than one over the root of its length.
  EXPECT_NEAR(x.mean().item<double>(), -0.5, 2e-3);
  EXPECT_NEAR(x.var().item<double>(), (0.25 + 2.25) / 2 + 2.25, 1e-2);
  const auto below = (x < -2).to(torch::kFloat64).mean().item<double>();
  EXPECT_NEAR(below, integrate([](double at) { return uneven.density(at); }, uneven.low(), -2), 1e-3);
}

}  // namespace
}  // namespace belamy::labs
