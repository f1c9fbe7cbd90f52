#include "nn/holes.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "numbers.h"

namespace belamy {
namespace {

void expect_mask(const Tensor& known, std::int64_t n, std::int64_t height, std::int64_t width) {
  ASSERT_EQ(known.sizes().vec(), (std::vector<std::int64_t>{n, 1, height, width}));
  EXPECT_TRUE(((known == 0).logical_or(known == 1)).all().item<bool>());
}

Tensor shares(const Tensor& known) {
  return (1 - known).flatten(1).mean(1);
}

TEST(Holes, TheCentre) {
  const auto known = nn::centre_known(8, 12);
  expect_mask(known, 1, 8, 12);
  EXPECT_EQ((known == 0).sum().item<int>(), 4 * 6);
  EXPECT_EQ(known[0][0][2][3].item<float>(), 0);
  EXPECT_EQ(known[0][0][1][3].item<float>(), 1);
  expect_mask(nn::centre_known(1, 1), 1, 1, 1);
}

TEST(Holes, BoxesAreOneRectangleEach) {
  const auto known = nn::boxes_known(200, 32, 20, seeded(1));
  expect_mask(known, 200, 32, 20);
  const auto rows = (known == 0).any(3).squeeze(1), columns = (known == 0).any(2).squeeze(1);
  const auto high = rows.sum(1), wide = columns.sum(1);
  EXPECT_TRUE((high * wide == (known == 0).flatten(1).sum(1)).all().item<bool>());
  EXPECT_GE(high.min().item<int>(), 8);
  EXPECT_LE(high.max().item<int>(), 17);
  EXPECT_GE(wide.min().item<int>(), 5);
  EXPECT_LE(wide.max().item<int>(), 11);
  EXPECT_TRUE(rows.any(0).all().item<bool>()) << "every row is in some hole";
}

TEST(Holes, StrokesAreThinAndSomewhere) {
  for (const std::int64_t side : {16, 64}) {
    const auto known = nn::strokes_known(200, side, side, seeded(2));
    expect_mask(known, 200, side, side);
    EXPECT_GT(shares(known).min().item<double>(), 0.005);
    EXPECT_LT(shares(known).max().item<double>(), 0.4);
    EXPECT_TRUE((known == 0).any(0).all().item<bool>()) << "every pixel is in some hole";
  }
}

}  // namespace
}  // namespace belamy
