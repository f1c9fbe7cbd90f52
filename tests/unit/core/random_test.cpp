#include "core/random.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numeric>

namespace belamy {
namespace {

TEST(Random, SameSeedAndStreamGiveTheSameNumbers) {
  Random a(7, 3), b(7, 3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(a.bits(), b.bits());
    EXPECT_EQ(a.normal(), b.normal());
    EXPECT_EQ(a.below(10), b.below(10));
  }
}

// Data sets, orders and splits of old runs depend on these numbers: they must never change.
TEST(Random, NumbersAreTheOnesOfTheFirstVersion) {
  Random random(1, 2);
  EXPECT_EQ(random.bits(), 14160483124688033854u);
  EXPECT_EQ(random.below(1000), 807u);
  EXPECT_THAT(random.permutation(6), testing::ElementsAre(2, 3, 5, 0, 4, 1));
}

TEST(Random, SeedsAndStreamsDiffer) {
  const auto first = [](std::uint64_t seed, std::uint64_t stream) { return Random(seed, stream).bits(); };
  const std::vector<std::uint64_t> values = {first(1, 2), first(2, 1), first(1, 1), first(3, 0), first(0, 3)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(values[i], values[j]);
  }
}

TEST(Random, UniformFillsItsRange) {
  Random random(1);
  double sum = 0, low = 1, high = 0;
  constexpr int kCount = 20000;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.uniform();
    low = std::min(low, value);
    high = std::max(high, value);
    sum += value;
  }
  EXPECT_GE(low, 0);
  EXPECT_LT(low, 0.001);
  EXPECT_LT(high, 1);
  EXPECT_GT(high, 0.999);
  EXPECT_NEAR(sum / kCount, 0.5, 5 * std::sqrt(1.0 / 12 / kCount));
  const double value = random.uniform(-3, -2);
  EXPECT_TRUE(value >= -3 && value < -2) << value;
}

TEST(Random, NormalHasTheMomentsOfANormal) {
  Random random(2);
  constexpr int kCount = 40000;
  double sum = 0, squares = 0, fourths = 0, neighbours = 0, before = 0;
  for (int i = 0; i < kCount; ++i) {
    const double value = random.normal();
    sum += value;
    squares += value * value;
    fourths += value * value * value * value;
    neighbours += value * before;
    before = value;
  }
  const double error = 5 / std::sqrt(kCount);  // five standard errors
  EXPECT_NEAR(sum / kCount, 0, error);
  EXPECT_NEAR(squares / kCount, 1, error * std::sqrt(2.0));
  EXPECT_NEAR(fourths / kCount, 3, error * std::sqrt(96.0));
  EXPECT_NEAR(neighbours / kCount, 0, error);
}

TEST(Random, BelowIsEvenAndStaysBelow) {
  Random random(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 14000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) EXPECT_NEAR(count, 2000, 5 * std::sqrt(2000.0));
  EXPECT_EQ(random.below(1), 0u);
  // A bound just over half the range: without drawing again the lower third would occur twice as often.
  const std::uint64_t bound = (std::uint64_t{3} << 62);
  int low = 0;
  for (int i = 0; i < 9000; ++i) low += random.below(bound) < bound / 3;
  EXPECT_NEAR(low, 3000, 5 * std::sqrt(2000.0));
}

TEST(Random, PermutationsHoldEveryNumberOnce) {
  Random random(4);
  auto order = random.permutation(1000);
  std::vector<std::int64_t> sorted(1000);
  std::iota(sorted.begin(), sorted.end(), 0);
  EXPECT_NE(order, sorted);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, sorted);
  EXPECT_TRUE(random.permutation(0).empty());
  // Each of the six orders of three occurs equally often.
  std::vector<int> counts(27);
  for (int i = 0; i < 6000; ++i) {
    const auto three = random.permutation(3);
    ++counts.at(static_cast<std::size_t>(three[0] * 9 + three[1] * 3 + three[2]));
  }
  EXPECT_EQ(std::count(counts.begin(), counts.end(), 0), 21);
  for (const int count : counts) {
    if (count == 0) continue;
    EXPECT_NEAR(count, 1000, 5 * std::sqrt(1000.0));
  }
}

}  // namespace
}  // namespace belamy
