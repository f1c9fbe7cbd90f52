#include "metrics/modes.h"

#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy {
namespace {

using torch::Tensor;
using Counts = std::vector<std::int64_t>;

const Tensor& square() {
  static const Tensor centres = torch::tensor({{0.0, 0.0}, {1.0, 0.0}, {0.0, 1.0}, {1.0, 1.0}});
  return centres;
}

TEST(ModeCoverage, CountsOnlyWhatIsWithinThreeDeviations) {
  const Tensor samples = torch::tensor({{0.0, 0.0},      // at a centre
                                        {0.029, 0.0},    // within 3 deviations of 0.01
                                        {0.031, 0.0},    // without
                                        {0.025, 0.025},  // 3.5 deviations away: the distance is Euclidean
                                        {1.0, 1.02},
                                        {0.5, 0.5}});
  const auto coverage = mode_coverage(samples, square(), 0.01);
  EXPECT_EQ(coverage.modes, 4);
  EXPECT_EQ(coverage.covered, 2);
  EXPECT_EQ(coverage.counts, (Counts{2, 0, 0, 1}));
  EXPECT_NEAR(coverage.high_quality_share, 0.5, 1e-15);
  // 2/3 and 1/3 against a quarter each.
  EXPECT_NEAR(coverage.reverse_kl, 2.0 / 3 * std::log(8.0 / 3) + 1.0 / 3 * std::log(4.0 / 3), 1e-12);
}

TEST(ModeCoverage, KnowsTheTwoExtremes) {
  const auto all = mode_coverage(square().repeat({5, 1}), square(), 0.1);
  EXPECT_EQ(all.covered, 4);
  EXPECT_EQ(all.high_quality_share, 1);
  EXPECT_NEAR(all.reverse_kl, 0, 1e-15);
  const auto one = mode_coverage(torch::zeros({9, 2}), square(), 0.1);
  EXPECT_EQ(one.covered, 1);
  EXPECT_NEAR(one.reverse_kl, std::log(4.0), 1e-15);
  const auto none = mode_coverage(torch::full({9, 2}, 0.5), square(), 0.1);
  EXPECT_EQ(none.covered, 0);
  EXPECT_EQ(none.high_quality_share, 0);
  EXPECT_EQ(none.reverse_kl, std::numeric_limits<double>::infinity());
}

TEST(ModeCoverage, OfTheMixtureItselfIsTheShareWithinThreeDeviations) {
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const std::int64_t n = 20000;
  const Tensor modes = torch::randint(0, 4, {n}, generator, torch::kLong);
  const Tensor samples =
      square().index_select(0, modes) + 0.02 * torch::randn({n, 2}, generator, torch::kFloat);
  const auto coverage = mode_coverage(samples, square(), 0.02);
  EXPECT_EQ(coverage.covered, 4);
  // 1 - exp(-9/2) in two dimensions, with the standard error of 20,000 draws; four of them.
  const double share = 1 - std::exp(-4.5);
  EXPECT_NEAR(coverage.high_quality_share, share,
              4 * std::sqrt(share * (1 - share) / static_cast<double>(n)));
  EXPECT_LT(coverage.reverse_kl, 0.001);
}

TEST(ModeCoverage, WorksOnTheLineAndWithBrokenSamples) {
  const Tensor centres = torch::tensor({{-2.0}, {2.0}});
  const Tensor samples = torch::tensor({{-2.1}, {-1.0}, {0.0}, {std::nan("")}});
  const auto coverage = mode_coverage(samples, centres, 0.5);
  EXPECT_EQ(coverage.counts, (Counts{2, 0}));
  EXPECT_NEAR(coverage.high_quality_share, 0.5, 1e-15);
}

TEST(ModeCoverage, RefusesWhatCannotBeCounted) {
  EXPECT_THROW(mode_coverage(torch::zeros({3, 3}), square(), 0.1), Error);
  EXPECT_THROW(mode_coverage(torch::zeros({0, 2}), square(), 0.1), Error);
  EXPECT_THROW(mode_coverage(torch::zeros({3, 2}), square(), 0), Error);
}

TEST(ModeCoverage, CountsTheModesThatAClassifierFinds) {
  const auto coverage = mode_coverage(torch::tensor({7, 7, 2, 7}), 8);
  EXPECT_EQ(coverage.modes, 8);
  EXPECT_EQ(coverage.covered, 2);
  EXPECT_EQ(coverage.counts, (Counts{0, 0, 1, 0, 0, 0, 0, 3}));
  EXPECT_EQ(coverage.high_quality_share, 1);
  EXPECT_NEAR(coverage.reverse_kl, 0.75 * std::log(6.0) + 0.25 * std::log(2.0), 1e-12);
  EXPECT_NEAR(mode_coverage(torch::arange(1000), 1000).reverse_kl, 0, 1e-12);
  EXPECT_THROW(mode_coverage(torch::tensor({8}), 8), Error);
  EXPECT_THROW(mode_coverage(torch::tensor({-1}), 8), Error);
}

}  // namespace
}  // namespace belamy
