#include "metrics/disentanglement.h"

#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "belamy/error.h"

namespace belamy {
namespace {

using torch::Tensor;

// All 4 x 3 combinations of two factors, `copies` times: [N, 2].
Tensor grid(std::int64_t copies) {
  const auto at = torch::arange(12 * copies);
  return torch::stack({at.remainder(4), at.floor_divide(4).remainder(3)}, 1);
}

TEST(InformationGap, OneDimensionForEachFactorScoresOne) {
  const auto factors = grid(5);
  const auto found = information_gap(factors.to(torch::kFloat).flip(1) * 2.5 - 7, factors);
  EXPECT_NEAR(found.mean, 1, 1e-12);
  EXPECT_EQ(found.dimensions, (std::vector<std::int64_t>{1, 0}));
}

TEST(InformationGap, TwoEqualDimensionsScoreZero) {
  const auto factors = grid(5);
  const auto codes = factors.to(torch::kFloat);
  const auto found = information_gap(torch::cat({codes, -codes}, 1), factors);
  EXPECT_NEAR(found.mean, 0, 1e-12);
  EXPECT_NEAR(found.most[0], 1, 1e-12);
}

TEST(InformationGap, PartsOfAFactorScoreTheirShareOfItsEntropy) {
  // One dimension says whether the first factor is above 1: log 2 of its log 4 nats. The second factor has
  // three values, of which another dimension tells 0 from the rest: H(1/3) = log 3 - 2/3 log 2 of log 3 nats.
  const auto factors = grid(5);
  const auto codes = torch::stack({factors.select(1, 0) > 1, factors.select(1, 1) > 0}, 1).to(torch::kFloat);
  const auto found = information_gap(codes, factors);
  EXPECT_NEAR(found.gaps[0], 0.5, 1e-12);
  EXPECT_NEAR(found.gaps[1], 1 - 2.0 / 3 * std::log(2.0) / std::log(3.0), 1e-12);
  EXPECT_NEAR(found.mean, (found.gaps[0] + found.gaps[1]) / 2, 1e-12);
}

TEST(InformationGap, TheSecondDimensionIsSubtractedInAnyOrder) {
  // The whole first factor in one dimension, its upper bit in another: (log 4 - log 2) / log 4.
  const auto factor = grid(5).narrow(1, 0, 1);
  const auto whole = factor.to(torch::kFloat), bit = (factor > 1).to(torch::kFloat);
  EXPECT_NEAR(information_gap(torch::cat({whole, bit}, 1), factor).mean, 0.5, 1e-12);
  EXPECT_NEAR(information_gap(torch::cat({bit, whole}, 1), factor).mean, 0.5, 1e-12);
}

TEST(InformationGap, BinsAreEquallyWide) {
  // 0, 1, 2, 3 in two bins: 0 and 1 share one. In four bins nothing is lost; neither is it in 20.
  const auto factor = grid(5).narrow(1, 0, 1);
  const auto codes = factor.to(torch::kFloat);
  EXPECT_NEAR(information_gap(codes, factor, 2).mean, 0.5, 1e-12);
  EXPECT_NEAR(information_gap(codes, factor, 4).mean, 1, 1e-12);
  // 0, 1, 2 and 30 in 20 bins of 1.5: 0 and 1 share the first, so 1/2 log 2 of log 4 nats are lost.
  const auto uneven = torch::where(codes > 2, torch::full_like(codes, 30), codes);
  EXPECT_NEAR(information_gap(uneven, factor).mean, 0.75, 1e-12);
}

TEST(InformationGap, NoiseHasTheInformationOfItsEstimator) {
  // Independent codes, 10 values, 20 bins, 20,000 data: the estimate's expectation is 19 * 9 / 2N = 0.0043
  // nats. Its standard deviation is about sqrt(19 * 9 / 2) / N = 0.0005; seeds 1 and 2; five of them.
  const std::int64_t n = 20000;
  const auto codes = torch::rand({n, 1}, at::make_generator<at::CPUGeneratorImpl>(1), torch::kDouble);
  const auto factor = torch::randint(10, {n, 1}, at::make_generator<at::CPUGeneratorImpl>(2), torch::kLong);
  EXPECT_NEAR(information_gap(codes, factor).most[0] * std::log(10.0), 0.0043, 0.0025);
}

TEST(InformationGap, AConstantDimensionKnowsNothing) {
  const auto factor = grid(5).narrow(1, 0, 1);
  EXPECT_EQ(information_gap(torch::full({60, 1}, 3.0), factor).mean, 0);
}

TEST(InformationGap, RefusesWhatHasNoGap) {
  const auto factors = grid(5);
  const auto codes = factors.to(torch::kFloat);
  EXPECT_THROW(information_gap(codes, factors, 1), Error);
  EXPECT_THROW(information_gap(codes.narrow(0, 0, 59), factors), Error);
  EXPECT_THROW(information_gap(codes.narrow(1, 0, 0), factors), Error);
  EXPECT_THROW(information_gap(codes, torch::zeros_like(factors)), Error);
  EXPECT_THROW(information_gap(codes, factors - 1), Error);
  EXPECT_THROW(information_gap(codes / 0, factors), Error);
}

}  // namespace
}  // namespace belamy
