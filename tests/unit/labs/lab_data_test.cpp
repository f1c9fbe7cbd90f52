#include "labs/lab_data.h"

#include <gtest/gtest.h>

namespace belamy::labs {
namespace {

TEST(LabDataTest, PointsBecomeADataSetInTheirOrder) {
  const auto data = dataset_of(torch::tensor({{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}), "three");
  EXPECT_EQ(data.count, 3);
  EXPECT_EQ(data.dimension, 2);
  EXPECT_EQ(data.points, (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace belamy::labs
