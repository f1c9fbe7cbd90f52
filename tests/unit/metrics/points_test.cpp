// What evaluate says about samples of points.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "data/synthetic.h"
#include "metrics/evaluation.h"

namespace belamy {
namespace {

using torch::Tensor;

Tensor points(const std::string& name, std::int64_t count, std::int64_t seed) {
  const Dataset set = make_synthetic(name, count, seed);
  return torch::tensor(set.points).view({set.count, set.dimension});
}

TEST(JudgePoints, TheDataItselfIsAtTheFloor) {
  const auto mixture = mixture_of("ring");
  const auto quality =
      judge_points(points("ring", 4000, 1), points("ring", 4000, 2), points("ring", 3000, 3), &*mixture);
  EXPECT_EQ(quality.samples.moved, 1000);
  EXPECT_EQ(quality.counted, 2500);
  EXPECT_EQ(quality.modes->covered, 8);
  EXPECT_GT(quality.modes->high_quality_share, 0.97);
  EXPECT_LT(quality.modes->reverse_kl, 0.01);
  // Both are noise of the same size; a factor of two and a half is far beyond its spread.
  EXPECT_LT(quality.samples.sliced, 2.5 * quality.floor.sliced);
  EXPECT_LT(quality.samples.earth_movers, 2.5 * quality.floor.earth_movers);
  EXPECT_LT(quality.samples.earth_movers, 0.15);
}

TEST(JudgePoints, ACollapseIsFarAboveTheFloor) {
  const auto mixture = mixture_of("ring");
  const Tensor one = torch::tensor({1.0f, 0.0f}).expand({2000, 2});
  const auto quality = judge_points(one, points("ring", 4000, 2), points("ring", 3000, 3), &*mixture);
  EXPECT_EQ(quality.modes->covered, 1);
  EXPECT_EQ(quality.counted, 2000);
  EXPECT_NEAR(quality.modes->reverse_kl, std::log(8.0), 1e-9);
  // The mean distance from (1, 0) to the eight modes.
  const double pi = std::acos(-1.0);
  double mean = 0;
  for (int k = 0; k < 8; ++k) mean += 2 * std::abs(std::sin(pi * k / 8)) / 8;
  EXPECT_NEAR(quality.samples.earth_movers, mean, 0.1);
  EXPECT_GT(quality.samples.sliced, 10 * quality.floor.sliced);
}

TEST(JudgePoints, WorksWithoutModesAndOnTheLine) {
  const auto quality = judge_points(points("gaussian", 500, 1) + 2, points("gaussian", 600, 2),
                                    points("gaussian", 400, 3), nullptr);
  EXPECT_FALSE(quality.modes.has_value());
  EXPECT_EQ(quality.samples.moved, 400);
  EXPECT_NEAR(quality.samples.sliced, 2, 0.3);
  EXPECT_NEAR(quality.samples.earth_movers, 2, 0.3);
  EXPECT_THROW(judge_points(points("ring", 50, 1), points("ring", 50, 1), points("gaussian", 50, 1), nullptr),
               Error);
}

}  // namespace
}  // namespace belamy
