#include "metrics/kolmogorov.h"

#include <cmath>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/random.h"

namespace belamy {
namespace {

double uniform(double x) {
  return std::min(1.0, std::max(0.0, x));
}

TEST(Kolmogorov, DistanceOfAFewNumbers) {
  // F_n jumps to 1/4, 2/4, 3/4, 1 at 0.1, 0.2, 0.3, 0.9: farthest just after 0.3.
  const auto test = kolmogorov_test(torch::tensor({0.9, 0.1, 0.3, 0.2}, torch::kFloat64), uniform);
  EXPECT_NEAR(test.distance, 0.45, 1e-12);
  EXPECT_NEAR(test.scaled, 0.9, 1e-12);
  // Farthest just before a number: F_n is still 0 at 0.6.
  EXPECT_NEAR(kolmogorov_test(torch::tensor({0.6, 0.7}, torch::kFloat64), uniform).distance, 0.6, 1e-12);
}

TEST(Kolmogorov, TailIsThatOfTheTables) {
  EXPECT_NEAR(kolmogorov_tail(1.2238), 0.10, 1e-4);
  EXPECT_NEAR(kolmogorov_tail(1.3581), 0.05, 1e-4);
  EXPECT_NEAR(kolmogorov_tail(1.6276), 0.01, 1e-4);
  EXPECT_NEAR(kolmogorov_tail(0.5), 0.9639, 1e-4);
  EXPECT_NEAR(kolmogorov_tail(1.18 - 1e-9), kolmogorov_tail(1.18 + 1e-9), 1e-8);
  EXPECT_EQ(kolmogorov_tail(0), 1);
}

// 400 samples of 50 numbers: the p-value is uniform, so its mean is 1/2 within 4 standard errors of 0.0144,
// and a tenth of them are below 0.1 within 4 of 0.015.
TEST(Kolmogorov, PValueIsUniformForSamplesOfTheDistribution) {
  Random random(3);
  double sum = 0, below = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<double> x;
    for (int k = 0; k < 50; ++k) x.push_back(random.normal());
    const double p = kolmogorov_test(torch::tensor(x, torch::kFloat64), normal_distribution).p_value;
    sum += p / 400;
    below += (p < 0.1) / 400.0;
  }
  EXPECT_NEAR(sum, 0.5, 0.058);
  EXPECT_NEAR(below, 0.1, 0.06);
}

TEST(Kolmogorov, FindsAnotherDistribution) {
  Random random(4);
  std::vector<double> x;
  for (int k = 0; k < 2000; ++k) x.push_back(random.uniform(-std::sqrt(3.0), std::sqrt(3.0)));
  EXPECT_LT(kolmogorov_test(torch::tensor(x, torch::kFloat64), normal_distribution).p_value, 1e-3);
}

TEST(Kolmogorov, RefusesWhatIsNoSample) {
  EXPECT_THROW(kolmogorov_test(torch::zeros(0), uniform), Error);
  EXPECT_THROW(kolmogorov_test(torch::zeros({2, 2}), uniform), Error);
  EXPECT_THROW(kolmogorov_test(torch::tensor({1.0, std::nan("")}, torch::kFloat64), uniform), Error);
}

}  // namespace
}  // namespace belamy
