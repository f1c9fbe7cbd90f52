#include "metrics/divergence.h"

#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <numbers>
#include <torch/types.h>
#include <vector>

#include "belamy/error.h"

#include "numbers.h"

namespace belamy {
namespace {

using torch::Tensor;
using Shares = std::vector<double>;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log_2 = std::numbers::ln2;

LogDensity density_of(const Gaussian& gaussian) {
  return [gaussian](double x) { return gaussian.log_density(x); };
}

LogDensity uniform_density(double low, double high) {
  return [=](double x) { return x >= low && x <= high ? -std::log(high - low) : -infinity; };
}

TEST(DiscreteDivergence, MatchesHandComputation) {
  const Shares p = {0.5, 0.25, 0.25}, q = {0.25, 0.25, 0.5};
  EXPECT_NEAR(kl_divergence(p, q), 0.25 * log_2, 1e-15);
  EXPECT_NEAR(total_variation(p, q), 0.25, 1e-15);
  const double js = 0.5 * std::log(0.5 / 0.375) + 0.25 * std::log(0.25 / 0.375);
  EXPECT_NEAR(js_divergence(p, q), js, 1e-15);
}

TEST(DiscreteDivergence, IsInfiniteWhereDue) {
  const Shares both = {0.5, 0.5}, first = {1, 0}, second = {0, 1};
  EXPECT_EQ(kl_divergence(both, first), infinity);
  EXPECT_NEAR(kl_divergence(first, both), log_2, 1e-15);
  EXPECT_EQ(kl_divergence(first, second), infinity);
  EXPECT_NEAR(js_divergence(first, second), log_2, 1e-15);
  EXPECT_EQ(total_variation(first, second), 1);
}

TEST(DiscreteDivergence, TakesCountsAsWell) {
  const Shares counts = {6, 3, 1}, shares = {0.6, 0.3, 0.1}, other = {1, 1, 2};
  EXPECT_NEAR(kl_divergence(counts, other), kl_divergence(shares, other), 1e-15);
  EXPECT_NEAR(js_divergence(counts, shares), 0, 1e-15);
}

TEST(DiscreteDivergence, HasItsSymmetriesAndBounds) {
  const Tensor weights = normal({20, 2, 6}, 1).exp();
  for (std::int64_t i = 0; i < 20; ++i) {
    const auto row = [&](std::int64_t j) {
      const Tensor t = weights[i][j].contiguous();
      return Shares(t.data_ptr<double>(), t.data_ptr<double>() + 6);
    };
    const Shares p = row(0), q = row(1);
    EXPECT_EQ(js_divergence(p, q), js_divergence(q, p));
    EXPECT_EQ(total_variation(p, q), total_variation(q, p));
    EXPECT_NE(kl_divergence(p, q), kl_divergence(q, p));
    EXPECT_NEAR(kl_divergence(p, p), 0, 1e-15);
    EXPECT_EQ(js_divergence(p, p), 0);
    EXPECT_EQ(total_variation(p, p), 0);
    EXPECT_GT(js_divergence(p, q), 0);
    EXPECT_LT(js_divergence(p, q), log_2);
    // Pinsker's inequality.
    EXPECT_GE(kl_divergence(p, q), 2 * std::pow(total_variation(p, q), 2));
  }
}

TEST(DiscreteDivergence, RefusesWhatIsNoDistribution) {
  const Shares p = {0.5, 0.5};
  EXPECT_THROW(kl_divergence(p, Shares{1}), Error);
  EXPECT_THROW(kl_divergence(Shares{}, Shares{}), Error);
  EXPECT_THROW(js_divergence(p, Shares{1, -1}), Error);
  EXPECT_THROW(total_variation(Shares{0, 0}, p), Error);
  EXPECT_THROW(kl_divergence(p, Shares{infinity, 1}), Error);
}

struct Row {
  double mean, variance, kl, reverse_kl, js;
};

TEST(GaussianDivergence, GivesTheTableOfFourPairs) {
  // N(0, 1) against four Gaussians named by mean and variance.
  const Gaussian p{0, 1};
  for (const Row& row : {Row{-1, 0.5, 1.1534, 0.5966, 0.15911}, Row{-0.5, 0.75, 0.1895, 0.1438, 0.03874},
                         Row{0.5, 1.25, 0.1116, 0.1384, 0.02969}, Row{1, 1.5, 0.3694, 0.5473, 0.09762}}) {
    const Gaussian q{row.mean, std::sqrt(row.variance)};
    EXPECT_NEAR(kl_divergence(p, q), row.kl, 5e-5);
    EXPECT_NEAR(kl_divergence(q, p), row.reverse_kl, 5e-5);
    EXPECT_NEAR(js_divergence(density_of(p), density_of(q), -12, 12), row.js, 5e-6);
    EXPECT_NEAR(kl_divergence(density_of(p), density_of(q), -12, 12), kl_divergence(p, q), 1e-9);
    EXPECT_NEAR(kl_divergence(density_of(q), density_of(p), -12, 12), kl_divergence(q, p), 1e-9);
  }
}

TEST(GaussianDivergence, OfFullCovariancesMatchesTheDefinition) {
  const Tensor a = normal({4, 4}, 2), b = normal({4, 4}, 3), m = normal({4}, 4), n = normal({4}, 5);
  const Tensor p = a.mm(a.t()) + torch::eye(4), q = b.mm(b.t()) + torch::eye(4);
  const Tensor inverse = torch::linalg_inv(q), shift = n - m;
  const double expected =
      0.5 * (inverse.mm(p).trace() + shift.dot(inverse.mv(shift)) - 4 + torch::logdet(q) - torch::logdet(p))
                .item<double>();
  EXPECT_NEAR(kl_divergence(m, p, n, q), expected, 1e-10);
  EXPECT_NEAR(kl_divergence(m, p, m, p), 0, 1e-12);
}

TEST(GaussianDivergence, AddsUpOverIndependentAxes) {
  const Tensor p = torch::diag(torch::tensor({0.25, 4.0})), q = torch::diag(torch::tensor({1.0, 9.0}));
  const double sum =
      kl_divergence(Gaussian{1, 0.5}, Gaussian{0, 1}) + kl_divergence(Gaussian{0, 2}, Gaussian{2, 3});
  EXPECT_NEAR(kl_divergence(torch::tensor({1.0, 0.0}), p, torch::tensor({0.0, 2.0}), q), sum, 1e-12);
}

TEST(GaussianDivergence, RefusesWhatIsNoGaussian) {
  EXPECT_THROW(kl_divergence(Gaussian{0, 0}, Gaussian{0, 1}), Error);
  EXPECT_THROW(kl_divergence(Gaussian{0, 1}, Gaussian{0, -1}), Error);
  const Tensor m = torch::zeros({2}), good = torch::eye(2);
  EXPECT_THROW(kl_divergence(m, good, m, torch::ones({2, 2})), Error);
  EXPECT_THROW(kl_divergence(m, good, torch::zeros({3}), good), Error);
  EXPECT_THROW(kl_divergence(m, good, m, torch::eye(3)), Error);
}

TEST(Integrate, IsExactForPolynomialsAndFineOtherwise) {
  EXPECT_NEAR(integrate([](double x) { return std::pow(x, 9) - 3 * x * x; }, -1, 2), 1023.0 / 10 - 9, 1e-10);
  EXPECT_NEAR(integrate([](double x) { return std::sin(x); }, 0, std::numbers::pi), 2, 1e-12);
  // A bump of width 1e-3 somewhere in a range of 20, and a jump.
  EXPECT_NEAR(integrate(
                  [](double x) {
                    return std::exp(Gaussian{0.1234, 0.05}.log_density(x));
                  },
                  -10, 10),
              1, 1e-9);
  EXPECT_NEAR(integrate([](double x) { return x > 1 / std::numbers::pi ? 1.0 : 0.0; }, 0, 1),
              1 - 1 / std::numbers::pi, 1e-10);
  EXPECT_NEAR(integrate([](double x) { return 1 / std::sqrt(x); }, 0, 1), 2, 1e-6);
  EXPECT_THROW(integrate([](double) { return 1.0; }, 1, 1), Error);
  EXPECT_THROW(integrate([](double) { return 1.0; }, 0, infinity), Error);
}

TEST(DensityDivergence, OfUniformsMatchesClosedForms) {
  const auto p = uniform_density(0, 1), q = uniform_density(0, 2), apart = uniform_density(3, 4);
  EXPECT_NEAR(kl_divergence(p, q, -1, 5), log_2, 1e-9);
  EXPECT_EQ(kl_divergence(q, p, -1, 5), infinity);
  EXPECT_NEAR(js_divergence(p, apart, -1, 5), log_2, 1e-9);
  // m is 3/4 on [0, 1] and 1/4 on [1, 2].
  EXPECT_NEAR(js_divergence(p, q, -1, 5), 0.5 * (std::log(4.0 / 3) + 0.5 * std::log(2.0 / 3) + 0.5 * log_2),
              1e-9);
}

TEST(DensityDivergence, StaysFiniteWhereDensitiesUnderflow) {
  const Gaussian p{0, 1}, q{60, 1};  // q(0) = e^-1800
  EXPECT_NEAR(kl_divergence(density_of(p), density_of(q), -12, 72), 1800, 1e-6);
  EXPECT_NEAR(js_divergence(density_of(p), density_of(q), -12, 72), log_2, 1e-9);
}

TEST(SampleDivergence, OfHistogramsMatchesCounting) {
  const Tensor x = torch::tensor({0.0, 0.1, 0.9, 1.0}), y = torch::tensor({0.2, 0.3, 0.4, 0.7});
  // Two bins of [0, 1]: 2 + 2 against 3 + 1.
  EXPECT_NEAR(histogram_kl(x, y, 2), kl_divergence(Shares{2, 2}, Shares{3, 1}), 1e-15);
  EXPECT_NEAR(histogram_js(x, y, 2), js_divergence(Shares{2, 2}, Shares{3, 1}), 1e-15);
  EXPECT_EQ(histogram_kl(x, y, 10), infinity);
  EXPECT_EQ(histogram_js(x, x, 7), 0);
  EXPECT_EQ(histogram_js(torch::zeros({3}), torch::zeros({2}), 4), 0);
  EXPECT_NEAR(histogram_js(torch::zeros({3}), torch::ones({2}), 4), log_2, 1e-15);
  EXPECT_THROW(histogram_js(x, y, 0), Error);
  EXPECT_THROW(histogram_js(x, y / 0.0, 4), Error);
}

TEST(SampleDivergence, ByHistogramsComesNearTheTruth) {
  // 200,000 draws: the noise of 60 bins is about 60 / (2 * 200,000), the blur of the bins about as much.
  const Tensor x = normal({200000}, 6), y = normal({200000}, 7) * std::sqrt(1.5) + 1;
  EXPECT_NEAR(histogram_js(x, y, 60), 0.09762, 0.003);
}

TEST(SampleDivergence, ByNeighboursComesNearTheTruth) {
  // Over seeds the estimate's deviation at 4,000 points is about 0.03; the tolerance is four of them.
  const Tensor x = normal({4000, 1}, 8), y = normal({4000, 1}, 9) * std::sqrt(1.5) + 1;
  EXPECT_NEAR(neighbour_kl(x, y), kl_divergence(Gaussian{0, 1}, Gaussian{1, std::sqrt(1.5)}), 0.12);
  EXPECT_NEAR(neighbour_kl(x, normal({4000, 1}, 10)), 0, 0.12);
  const Tensor u = normal({4000, 2}, 11), v = normal({3000, 2}, 12) * 2;
  EXPECT_NEAR(neighbour_kl(u, v), 2 * kl_divergence(Gaussian{0, 1}, Gaussian{0, 2}), 0.12);
}

TEST(SampleDivergence, ByNeighboursRefusesRepeatedPoints) {
  const Tensor x = normal({50, 2}, 13);
  EXPECT_THROW(neighbour_kl(torch::zeros({50, 2}), x), Error);
  EXPECT_THROW(neighbour_kl(x, x, 1), Error);
  EXPECT_THROW(neighbour_kl(x, x, 0), Error);
  EXPECT_THROW(neighbour_kl(x, x.narrow(0, 0, 5), 5), Error);
}

}  // namespace
}  // namespace belamy
