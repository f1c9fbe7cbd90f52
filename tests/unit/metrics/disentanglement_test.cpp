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

// Factors 0 .. 4, 0 .. 3 and 0 .. 2 at random.
Tensor drawn_factors(std::int64_t n, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  return torch::stack(
      {torch::randint(5, {n}, generator, torch::kLong), torch::randint(4, {n}, generator, torch::kLong),
       torch::randint(3, {n}, generator, torch::kLong)},
      1);
}

// The factors, with different scales and in another order, and a little noise.
Tensor aligned(const Tensor& factors, std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto noise = torch::randn({factors.size(0), 3}, generator, torch::kDouble) * 0.02;
  return ((factors.to(torch::kDouble) + noise) * torch::tensor({1.0, -3.0, 0.5}, torch::kDouble)).flip(1);
}

// By 45 degrees in each of two planes.
Tensor turned_codes(const Tensor& codes) {
  const double c = std::sqrt(0.5);
  const auto first = torch::tensor({{c, c, 0.0}, {-c, c, 0.0}, {0.0, 0.0, 1.0}}, torch::kDouble),
             second = torch::tensor({{1.0, 0.0, 0.0}, {0.0, c, c}, {0.0, -c, c}}, torch::kDouble);
  const auto plain = codes / codes.std(0);
  return plain.matmul(first).matmul(second);
}

Tensor noise_codes(std::int64_t n, std::uint64_t seed) {
  return torch::randn({n, 3}, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kDouble);
}

TEST(Importances, HaveClosedForms) {
  const auto one_each = torch::eye(3, torch::kDouble);
  EXPECT_NEAR(disentanglement_of(one_each), 1, 1e-12);
  EXPECT_NEAR(completeness_of(one_each), 1, 1e-12);
  const auto equal = torch::ones({4, 3}, torch::kDouble);
  EXPECT_NEAR(disentanglement_of(equal), 0, 1e-12);
  EXPECT_NEAR(completeness_of(equal), 0, 1e-12);
  // Two factors; the first needs two dimensions equally, one of which has the second as well. Rows (1/2, 0) and
  // (1/2, 1) with weights 1/2 and 3/2 of 2: 1/4 * 1 + 3/4 * (1 - H(1/3)); columns (1/2, 1/2) and (0, 1).
  const auto shared = torch::tensor({{0.5, 0.0}, {0.5, 1.0}}, torch::kDouble);
  const double entropy = (std::log(3.0) - 2.0 / 3 * std::log(2.0)) / std::log(2.0);
  EXPECT_NEAR(disentanglement_of(shared), 0.25 + 0.75 * (1 - entropy), 1e-12);
  EXPECT_NEAR(completeness_of(shared), 0.5, 1e-12);
  // A dimension without importance does not count.
  const auto unused = torch::cat({one_each, torch::zeros({2, 3}, torch::kDouble)});
  EXPECT_NEAR(disentanglement_of(unused), 1, 1e-12);
  EXPECT_EQ(disentanglement_of(torch::zeros({2, 2})), 0);
}

TEST(DciScores, AreOneForAxesAndFallWithTheirRotation) {
  const auto factors = drawn_factors(1500, 1), test_factors = drawn_factors(700, 2);
  const auto codes = aligned(factors, 3), test_codes = aligned(test_factors, 4);
  const auto found = dci_scores(codes, factors, test_codes, test_factors);
  EXPECT_GT(found.disentanglement, 0.99);
  EXPECT_GT(found.completeness, 0.99);
  EXPECT_EQ(found.informativeness, 1);
  EXPECT_GT(found.importances[2][0].item<double>(), 0.99);
  const auto turned = dci_scores(turned_codes(codes), factors, turned_codes(test_codes), test_factors);
  EXPECT_LT(turned.disentanglement, 0.6);
  EXPECT_LT(turned.completeness, 0.6);
  EXPECT_GT(turned.informativeness, 0.7);
}

TEST(DciScores, AreNearZeroForNoise) {
  const auto factors = drawn_factors(1500, 1), test_factors = drawn_factors(700, 2);
  const auto found = dci_scores(noise_codes(1500, 5), factors, noise_codes(700, 6), test_factors);
  EXPECT_LT(found.disentanglement, 0.05);
  EXPECT_LT(found.completeness, 0.05);
  // Guessing is right for 1/5, 1/4 and 1/3: 0.261, with a standard error of 0.01.
  EXPECT_NEAR(found.informativeness, 0.261, 0.04);
}

TEST(DciScores, NeedTwoFactors) {
  const auto factors = drawn_factors(20, 1);
  EXPECT_THROW(
      dci_scores(noise_codes(20, 1), factors.narrow(1, 0, 1), noise_codes(20, 1), factors.narrow(1, 0, 1)),
      Error);
  EXPECT_THROW(dci_scores(noise_codes(20, 1), factors, noise_codes(20, 1), factors.narrow(1, 0, 2)), Error);
}

TEST(AttributeSeparation, IsOneForOrderedFactorsOnAxes) {
  const auto factors = drawn_factors(4000, 1);
  const auto codes = factors.to(torch::kDouble).flip(1) * -2.5;
  const auto found = attribute_separation(codes, factors, codes, factors, {true, true, true});
  // The other dimensions are independent: squared correlations of about 1 / N.
  EXPECT_NEAR(found.mean, 1, 0.003);
  EXPECT_NEAR(found.scores[2][0].item<double>(), 1, 1e-12);
  const auto turned = turned_codes(codes);
  EXPECT_LT(attribute_separation(turned, factors, turned, factors, {true, true, true}).mean, 0.6);
  EXPECT_LT(
      attribute_separation(noise_codes(4000, 2), factors, noise_codes(4000, 3), factors, {true, true, true})
          .mean,
      0.003);
}

TEST(AttributeSeparation, OfAClassIsTheLeadOfItsMachine) {
  // Two classes on one dimension, the other knows nothing: accuracy 1 against 1/2.
  const auto classes = torch::arange(400).remainder(2).unsqueeze(1);
  const auto knows = classes.to(torch::kDouble) * 4 - 2;
  const auto blind = torch::arange(400).floor_divide(2).remainder(2).unsqueeze(1).to(torch::kDouble);
  const auto codes = torch::cat({blind, knows}, 1);
  const auto found = attribute_separation(codes, classes, codes, classes, {false});
  EXPECT_NEAR(found.mean, 0.5, 1e-12);
  EXPECT_NEAR(found.scores[1][0].item<double>(), 1, 1e-12);
  // One dimension alone has its whole score as its lead.
  EXPECT_NEAR(attribute_separation(knows, classes, knows, classes, {false}).mean, 1, 1e-12);
  EXPECT_THROW(attribute_separation(codes, classes, codes, classes, {}), Error);
}

TEST(FactorVaeScore, IsOneForAxesInAnyOrder) {
  const auto factors = drawn_factors(2000, 1);
  EXPECT_EQ(factor_vae_score(factors.to(torch::kDouble), factors), 1);
  EXPECT_EQ(factor_vae_score(aligned(factors, 2), factors), 1);
  // A dimension that has collapsed does not vote, though it varies least where it is constant.
  const auto collapsed = torch::cat({aligned(factors, 2), torch::zeros({2000, 1}, torch::kDouble)}, 1);
  EXPECT_EQ(factor_vae_score(collapsed, factors), 1);
}

TEST(FactorVaeScore, IsChanceForNoise) {
  // Three factors: 1/3 of 5,000 votes, standard error 0.007; a majority of chance votes is not better.
  const auto factors = drawn_factors(2000, 1);
  EXPECT_NEAR(factor_vae_score(noise_codes(2000, 2), factors), 1.0 / 3, 0.03);
  EXPECT_EQ(factor_vae_score(torch::ones({2000, 2}), factors), 0);
}

TEST(FactorVaeScore, FallsWhereAxesMix) {
  // The first two factors only as their sum and difference: both dimensions vary as much whichever is fixed.
  const auto factors =
      torch::randint(5, {3000, 2}, at::make_generator<at::CPUGeneratorImpl>(1), torch::kLong);
  const auto x = factors.select(1, 0).to(torch::kDouble), y = factors.select(1, 1).to(torch::kDouble);
  EXPECT_NEAR(factor_vae_score(torch::stack({x + y, x - y}, 1), factors), 0.5, 0.03);
  EXPECT_EQ(factor_vae_score(torch::stack({x, y}, 1), factors), 1);
}

}  // namespace
}  // namespace belamy
