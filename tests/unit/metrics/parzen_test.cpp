// The Parzen window against closed forms, and its anchors on MNIST.
#include "metrics/parzen.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>
#include <torch/types.h>

#include "belamy/error.h"

#include "metrics/clustering.h"
#include "small_data.h"

namespace belamy {
namespace {

double log_normal(double squared, double sigma, int dimensions) {
  return -squared / (2 * sigma * sigma) - dimensions * std::log(sigma * std::sqrt(2 * std::numbers::pi));
}

TEST(Parzen, OneAndTwoSamplesInClosedForm) {
  const auto data = torch::tensor({{1.0f, 2.0f, 2.0f}, {0.0f, 0.0f, 0.0f}});
  const auto one = torch::zeros({1, 3});
  const auto found = parzen_log_likelihood(data, one, 0.7);
  EXPECT_NEAR(found[0].item<double>(), log_normal(9, 0.7, 3), 1e-5);
  EXPECT_NEAR(found[1].item<double>(), log_normal(0, 0.7, 3), 1e-6);
  const auto two = torch::tensor({{0.0f, 0.0f, 0.0f}, {1.0f, 2.0f, 0.0f}});
  const double expected = std::log((std::exp(log_normal(9, 2, 3)) + std::exp(log_normal(4, 2, 3))) / 2);
  EXPECT_NEAR(parzen_log_likelihood(data, two, 2)[0].item<double>(), expected, 1e-5);
}

TEST(Parzen, FarTailsDoNotUnderflow) {
  const auto found = parzen_log_likelihood(torch::full({1, 100}, 50.0f), torch::zeros({3, 100}), 0.1);
  EXPECT_NEAR(found.item<double>() / log_normal(250000, 0.1, 100), 1, 1e-6);
}

TEST(Parzen, IsADensity) {
  // The mean of p(x) / u(x) over a uniform grid that holds all of it is the integral of p.
  const auto samples = torch::tensor({-0.5f, 0.1f, 0.7f}).unsqueeze(1);
  const auto grid = torch::linspace(-4, 4, 8001).unsqueeze(1);
  EXPECT_NEAR(parzen_log_likelihood(grid, samples, 0.3).exp().sum().item<double>() * 8 / 8000, 1, 1e-4);
}

TEST(Parzen, BlocksDoNotShow) {
  const auto data = torch::randn({1100, 5}, seeded(1)), samples = torch::randn({40, 5}, seeded(2));
  const auto all = parzen_log_likelihood(data, samples, 0.5);
  const auto some = parzen_log_likelihood(data.narrow(0, 700, 300), samples, 0.5);
  EXPECT_LT((all.narrow(0, 700, 300) - some).abs().max().item<double>(), 1e-4);
}

TEST(Parzen, TheWidthIsChosenOnValidationData) {
  // Samples of N(0, I) smoothed by sigma have the density N(0, 1 + sigma^2): with enough of them a small
  // width is best, with data of deviation 2 a large one.
  const auto samples = torch::randn({4000, 1}, seeded(3)), test = torch::randn({500, 1}, seeded(4));
  const auto narrow = parzen_estimate(samples, torch::randn({500, 1}, seeded(5)), test, {0.1, 3});
  EXPECT_DOUBLE_EQ(narrow.sigma, 0.1);
  const double entropy = 0.5 * std::log(2 * std::numbers::pi * std::numbers::e);  // of N(0, 1): 1.419
  EXPECT_NEAR(narrow.mean, -entropy, 4 * narrow.standard_error + 0.01);
  // The variance of log N(x; 0, 1) is 1/2. Its estimate from 500 squares of normal numbers is off by 17 %
  // (their kurtosis is 15), and the window's tails are a little lighter: hence the tolerance.
  EXPECT_NEAR(narrow.standard_error, std::sqrt(0.5 / 500), 0.3 * std::sqrt(0.5 / 500));
  const auto wide = parzen_estimate(samples, 5 * torch::randn({500, 1}, seeded(6)), test, {0.1, 3});
  EXPECT_DOUBLE_EQ(wide.sigma, 3);
}

TEST(Parzen, WidthsOfThePublishedCode) {
  const auto widths = parzen_widths();
  ASSERT_EQ(widths.size(), 10u);
  EXPECT_DOUBLE_EQ(widths[0], 0.1);
  EXPECT_DOUBLE_EQ(widths[9], 1);
  EXPECT_NEAR(widths[2], 0.16681, 1e-5);
}

TEST(Parzen, BadInput) {
  const auto data = torch::zeros({2, 3});
  EXPECT_THROW(parzen_log_likelihood(data, data, 0), Error);
  EXPECT_THROW(parzen_log_likelihood(data, torch::zeros({2, 4}), 1), Error);
  EXPECT_THROW(parzen_log_likelihood(data, torch::zeros({0, 3}), 1), Error);
  EXPECT_THROW(parzen_log_likelihood(data, torch::full({2, 3}, NAN), 1), Error);
}

TEST(BitsPerDimension, OfAFairCoin) {
  EXPECT_DOUBLE_EQ(bits_per_dimension(784 * std::numbers::ln2, 784, 2), 1);
  EXPECT_DOUBLE_EQ(bits_per_dimension(8 * std::numbers::ln2, 1, 256), 8);
  // Dinh et al. 2014 on MNIST: 1980.50 nats of a density on [0, 1] are 4.36 bits.
  EXPECT_NEAR(bits_per_dimension(-1980.50, 784, 0), 4.36, 0.005);
}

}  // namespace
}  // namespace belamy
