#include "objectives/ambiguity.h"

#include <gtest/gtest.h>

#include "numbers.h"

namespace belamy::objectives {
namespace {

TEST(Ambiguity, IsLeastForEqualClasses) {
  constexpr double k = 5;
  const auto equal = torch::zeros({3, 5}, kDouble), random = normal({40, 5}, 1);
  EXPECT_NEAR(value(ambiguity(equal)), std::log(k), 1e-12);
  const double coin = -(1 / k) * std::log(1 / k) - (1 - 1 / k) * std::log(1 - 1 / k);
  EXPECT_NEAR(value(binary_ambiguity(equal)), k * coin, 1e-12);
  for (std::int64_t i = 0; i < random.size(0); ++i) {
    const auto one = random.narrow(0, i, 1);
    EXPECT_GT(value(ambiguity(one)), std::log(k));
    EXPECT_GT(value(binary_ambiguity(one)), k * coin);
  }
}

TEST(Ambiguity, HasTheGradientOfItsValue) {
  const auto logits = normal({4, 6}, 2);
  EXPECT_LE(gradient_error(ambiguity, logits), 1e-8);
  EXPECT_LE(gradient_error(binary_ambiguity, logits), 1e-8);
}

TEST(Ambiguity, IsFiniteForACertainClass) {
  const auto certain = torch::tensor({{100.0, 0.0, 0.0}}, kDouble);
  EXPECT_TRUE(std::isfinite(value(ambiguity(certain))));
  EXPECT_TRUE(std::isfinite(value(binary_ambiguity(certain))));
}

}  // namespace
}  // namespace belamy::objectives
