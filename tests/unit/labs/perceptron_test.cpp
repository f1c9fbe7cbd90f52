#include "labs/perceptron.h"

#include <gtest/gtest.h>

namespace belamy::labs {
namespace {

TEST(CriticTest, ACriticJudgesRowsAndRepeatsItself) {
  const auto judge = [] {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(5);
    return critic(2, {8, 8}, "tanh", generator)->forward(torch::ones({3, 2}));
  };
  EXPECT_EQ(judge().sizes(), std::vector<std::int64_t>{3});
  EXPECT_TRUE(judge().equal(judge()));
}

}  // namespace
}  // namespace belamy::labs
