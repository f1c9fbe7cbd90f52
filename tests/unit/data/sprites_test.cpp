#include "data/sprites.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <map>
#include <numeric>
#include <set>

namespace belamy {
namespace {

std::array<float, 5> factors_of(const Dataset& set, std::int64_t i) {
  const auto* row = set.attributes.data() + 4 * i;
  return {static_cast<float>(set.labels[static_cast<std::size_t>(i)]), row[0], row[1], row[2], row[3]};
}

// The mean place of the white of an image, in pixels.
std::pair<double, double> middle_of(const Dataset& set, std::int64_t i) {
  double sum = 0, x = 0, y = 0;
  for (std::int64_t p = 0; p < 32 * 32; ++p) {
    const double value = set.pixels[static_cast<std::size_t>(i * 32 * 32 + p)];
    sum += value;
    x += value * (static_cast<double>(p % 32) + 0.5);
    y += value * (static_cast<double>(p / 32) + 0.5);
  }
  return {x / sum, y / sum};
}

TEST(Sprites, HaveEveryCombinationOnce) {
  std::set<std::array<float, 5>> seen;
  std::array<std::set<float>, 5> values;
  std::int64_t count = 0;
  for (const auto split : {Split::train, Split::test}) {
    const auto set = make_sprites(1, split);
    EXPECT_EQ(set.attribute_names, (std::vector<std::string>{"size", "turn", "x", "y"}));
    count += set.count;
    for (std::int64_t i = 0; i < set.count; ++i) {
      const auto factors = factors_of(set, i);
      seen.insert(factors);
      for (std::size_t f = 0; f < 5; ++f) values[f].insert(factors[f]);
    }
  }
  EXPECT_EQ(count, 23040);
  EXPECT_EQ(seen.size(), 23040u);
  EXPECT_EQ(values[1].size(), 6u);
  EXPECT_EQ(values[2].size(), 5u);
  EXPECT_EQ(values[3].size(), 16u);
  EXPECT_EQ(*values[4].begin(), 0);
  EXPECT_EQ(*values[4].rbegin(), 1);
}

TEST(Sprites, NoTwoImagesAreEqual) {
  const auto set = make_sprites(1, Split::train);
  std::set<std::string> images;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto* at = set.pixels.data() + i * 32 * 32;
    images.emplace(at, at + 32 * 32);
  }
  EXPECT_EQ(images.size(), static_cast<std::size_t>(set.count));
}

TEST(Sprites, LieWhereTheirFactorsSay) {
  const auto set = make_sprites(1, Split::test);
  for (std::int64_t i = 0; i < set.count; i += 7) {
    const auto [shape, size, turn, x, y] = factors_of(set, i);
    const auto [across, down] = middle_of(set, i);
    // The middle of a triangle's area is 0.117 radii below the middle of its square.
    EXPECT_NEAR(across, 8 + 15 * x, shape == 2 ? 0.9 : 0.05) << i;
    EXPECT_NEAR(down, 8 + 15 * y, shape == 2 ? 0.9 : 0.05) << i;
  }
}

TEST(Sprites, LargerAreLarger) {
  const auto set = make_sprites(1, Split::train);
  std::array<std::map<float, double>, 3> whites;  // the mean of each size
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto factors = factors_of(set, i);
    const auto* at = set.pixels.data() + i * 32 * 32;
    whites[static_cast<std::size_t>(factors[0])][factors[1]] = std::accumulate(at, at + 32 * 32, 0.0) / 255;
  }
  for (const auto& sizes : whites) {
    double before = 15;
    for (const auto& [size, white] : sizes) {
      EXPECT_GT(white, before * 1.05);
      before = white;
    }
    // The radius doubles from the least to the greatest size.
    EXPECT_NEAR(sizes.rbegin()->second / sizes.begin()->second, 4, 0.2);
  }
}

TEST(Sprites, TheSeedDecidesOrderAndSplit) {
  const auto once = make_sprites(1, Split::test), again = make_sprites(1, Split::test),
             other = make_sprites(2, Split::test);
  EXPECT_EQ(once.pixels, again.pixels);
  EXPECT_EQ(once.attributes, again.attributes);
  EXPECT_NE(once.attributes, other.attributes);
}

}  // namespace
}  // namespace belamy
