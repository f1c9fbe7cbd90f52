// Boxes around maps, and the overlap of boxes, against values worked out by hand.
#include "metrics/localisation.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace belamy {
namespace {

void expect_box(const std::optional<Box>& found, double left, double top, double right, double bottom) {
  ASSERT_TRUE(found);
  EXPECT_EQ(found->left, left);
  EXPECT_EQ(found->top, top);
  EXPECT_EQ(found->right, right);
  EXPECT_EQ(found->bottom, bottom);
}

TEST(BoxOfMap, SurroundsTheLargestRegionAndNotTheBrightest) {
  const auto map = torch::tensor({{0.0, 0.0, 0.0, 0.0, 9.0},  //
                                  {2.0, 3.0, 0.0, 0.0, 0.0},
                                  {0.0, 2.0, 0.0, 0.0, 2.5},
                                  {0.0, 4.0, 1.8, 0.0, 2.5},
                                  {-5.0, 0.0, 0.0, 2.5, 0.0}});
  expect_box(box_of_map(map, 0.2), 0, 1, 2, 4);   // above 1.8
  expect_box(box_of_map(map, 0.19), 0, 1, 3, 4);  // 1.8 belongs to it
  expect_box(box_of_map(map, 0.5), 4, 0, 5, 1);
  expect_box(box_of_map(map * 100, 0.2), 0, 1, 2, 4);
}

TEST(BoxOfMap, DoesNotJoinCorners) {
  const auto map = torch::tensor({{1.0, 0.0}, {0.0, 1.0}});
  expect_box(box_of_map(map, 0.2), 0, 0, 1, 1);
}

TEST(BoxOfMap, IsMissingWhereNothingSpeaksForTheClass) {
  EXPECT_FALSE(box_of_map(torch::zeros({3, 3}), 0.2));
  EXPECT_FALSE(box_of_map(torch::full({3, 3}, -1.0), 0.2));
  expect_box(box_of_map(torch::ones({2, 3}), 0.2), 0, 0, 3, 2);
}

TEST(Overlap, IsCommonAreaOverJointArea) {
  EXPECT_EQ(overlap_of({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
  EXPECT_NEAR(overlap_of({0, 0, 4, 2}, {2, 0, 6, 2}), 4.0 / 12, 1e-12);
  EXPECT_NEAR(overlap_of({0, 0, 4, 4}, {1, 1, 3, 3}), 4.0 / 16, 1e-12);
  EXPECT_EQ(overlap_of({0, 0, 2, 2}, {2, 0, 4, 2}), 0);
  EXPECT_EQ(overlap_of({0, 0, 2, 2}, {5, 5, 6, 6}), 0);
  EXPECT_EQ(overlap_of({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
}

}  // namespace
}  // namespace belamy
