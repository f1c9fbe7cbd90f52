// Principal components of data with known axes, and angles of known planes.
#include "metrics/principal.h"

#include <cmath>
#include <gmock/gmock.h>
#include <numbers>
#include <torch/types.h>

#include "belamy/error.h"

#include "numbers.h"

namespace belamy {
namespace {

TEST(PrincipalTest, AxesAndVariancesAreThoseOfTheData) {
  // Two points along each axis of a rotated cross: variances a^2 / 2 and b^2 / 2 about (5, -1).
  const double a = 3, b = 0.5, c = std::cos(0.3), s = std::sin(0.3);
  const auto rows =
      torch::tensor({{a * c, a * s}, {-a * c, -a * s}, {-b * s, b * c}, {b * s, -b * c}}, kDouble) +
      torch::tensor({5.0, -1.0}, kDouble);
  const auto found = principal_components(rows, 1);
  EXPECT_TRUE(torch::allclose(found.mean, torch::tensor({5.0, -1.0}, kDouble)));
  EXPECT_TRUE(torch::allclose(found.variances, torch::tensor({a * a / 2, b * b / 2}, kDouble)));
  EXPECT_NEAR(std::abs((found.axes[0][0] * c + found.axes[0][1] * s).item<double>()), 1, 1e-12);
  const auto error = (project(rows, found) - rows).square().sum(1).mean().item<double>();
  EXPECT_NEAR(error, b * b / 2, 1e-12);
}

TEST(PrincipalTest, WhatIsLostIsTheOtherVariances) {
  // More rows than are taken at a time.
  const auto rows = at::mm(torch::randn({9000, 6}, at::detail::createCPUGenerator(1), kDouble),
                           torch::randn({6, 6}, at::detail::createCPUGenerator(2), kDouble)) +
                    2;
  for (const std::int64_t k : {1, 3, 6}) {
    const auto found = principal_components(rows, k);
    const double rest = k < 6 ? found.variances.narrow(0, k, 6 - k).sum().item<double>() : 0;
    EXPECT_NEAR((project(rows, found) - rows).square().sum(1).mean().item<double>(), rest, 1e-9) << k;
  }
}

TEST(PrincipalTest, AnglesOfKnownPlanes) {
  const auto plane = [](double angle) {  // the first axis, and one turned out of the second into the third
    return torch::tensor({{1.0, 0.0, 0.0, 0.0}, {0.0, std::cos(angle), std::sin(angle), 0.0}}, kDouble);
  };
  for (const double angle : {1e-7, 0.2, 1.5}) {
    EXPECT_NEAR(largest_principal_angle(plane(0), plane(angle)), angle * 180 / std::numbers::pi, 1e-8);
  }
  // Another basis of the same plane.
  const auto mixed = at::mm(torch::tensor({{2.0, 5.0}, {1.0, -1.0}}, kDouble), plane(0.4));
  EXPECT_NEAR(largest_principal_angle(plane(0.4), mixed), 0, 1e-9);
  EXPECT_NEAR(largest_principal_angle(torch::eye(2, 4), torch::eye(4).narrow(0, 2, 2)), 90, 1e-6);
}

TEST(PrincipalTest, BadInputIsRefused) {
  EXPECT_THROW(principal_components(torch::zeros({5, 3}), 4), Error);
  EXPECT_THROW(principal_components(torch::zeros({1, 3}), 1), Error);
  EXPECT_THROW(principal_components(torch::full({5, 3}, std::nan("")), 1), Error);
  EXPECT_THROW(largest_principal_angle(torch::ones({2, 3}), torch::eye(3)), Error);
  EXPECT_THROW(largest_principal_angle(torch::ones({2, 3}), torch::eye(2, 3)), Error);
}

}  // namespace
}  // namespace belamy
