#include "labs/toolbox.h"

#include <cmath>
#include <gtest/gtest.h>

namespace belamy::labs {
namespace {

const LineMixture uneven{{{-2, 0.5}, {1, 1.5}}};

TEST(LabToolbox, AMixtureHasItsMassBetweenLowAndHigh) {
  const auto mass = integrate([](double x) { return uneven.density(x); }, uneven.low(), uneven.high());
  EXPECT_NEAR(mass, 1, 1e-9);
  EXPECT_NEAR(uneven.log_density(1e4), Gaussian({1, 1.5}).log_density(1e4) - std::log(2.0), 1e-6);
}

TEST(LabToolbox, StratifiedDrawsFollowTheMixture) {
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

TEST(LabToolbox, ACriticJudgesRowsAndRepeatsItself) {
  const auto judge = [] {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(5);
    return critic(2, {8, 8}, "tanh", generator)->forward(torch::ones({3, 2}));
  };
  EXPECT_EQ(judge().sizes(), std::vector<std::int64_t>{3});
  EXPECT_TRUE(judge().equal(judge()));
}

TEST(LabToolbox, PointsBecomeADataSetInTheirOrder) {
  const auto data = dataset_of(torch::tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}), "three");
  EXPECT_EQ(data.count, 3);
  EXPECT_EQ(data.dimension, 2);
  EXPECT_EQ(data.points, (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(LabToolbox, OneThreadPutsTheNumberBack) {
  const int before = at::get_num_threads();
  {
    const OneThread one;
    EXPECT_EQ(at::get_num_threads(), 1);
  }
  EXPECT_EQ(at::get_num_threads(), before);
}

}  // namespace
}  // namespace belamy::labs
