#include "metrics/boosted_trees.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

namespace belamy {
namespace {

TEST(BoostedTrees, OneSplitHasAClosedForm) {
  // Classes 0, 0, 0, 1 at 0, 1, 2, 3; scores start at log 1/3. Residuals -1/4 and 3/4: the split is between 2 and 3.
  const auto codes = torch::tensor({{0.0, 5.0}, {1.0, 5.0}, {2.0, 5.0}, {3.0, 5.0}});
  const BoostedTrees trees(codes, torch::tensor({0, 0, 0, 1}), {.rounds = 1, .rate = 1, .depth = 1});
  EXPECT_TRUE(torch::allclose(trees.importances(), torch::tensor({1.0, 0.0}, torch::kDouble)));
  // One Newton step on the right: 3/4 / (1/4 * 3/4) = 4, so its score is 4 - log 3 > 0.
  const auto found = trees.predict(torch::tensor({{-9.0, 0.0}, {2.49, 0.0}, {2.51, 9.0}}));
  EXPECT_TRUE(torch::equal(found, torch::tensor({0, 0, 1})));
}

TEST(BoostedTrees, ImportancesAreSharesOfTheSquaredError) {
  // Four cells: the first dimension splits 4 against 4, the second parts a class off within one half. Depth 2, one round.
  const auto codes = torch::tensor({{0.0, 0.0}, {0.0, 1.0}, {1.0, 0.0}, {1.0, 1.0}}).repeat({2, 1});
  const auto labels = torch::tensor({0, 0, 0, 1}).repeat({2});
  const BoostedTrees trees(codes, labels, {.rounds = 1, .depth = 2});
  // Squared error 8 * 3/16 = 3/2. The first split, in dimension 0 as both are equally good, leaves 4 * 1/4 = 1, the second 0.
  EXPECT_TRUE(torch::allclose(trees.importances(), torch::tensor({1.0 / 3, 2.0 / 3}, torch::kDouble)));
}

TEST(BoostedTrees, LearnWhatNoSingleSplitSees) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const auto codes = torch::rand({600, 3}, generator) - 0.5;
  const auto labels = 7 + (codes.select(1, 0) * codes.select(1, 2) > 0).to(torch::kLong);
  const BoostedTrees trees(codes.narrow(0, 0, 400), labels.narrow(0, 0, 400));
  const auto right = trees.predict(codes.narrow(0, 400, 200)) == labels.narrow(0, 400, 200);
  EXPECT_GT(right.to(torch::kDouble).mean().item<double>(), 0.9);
  EXPECT_LT(trees.importances()[1].item<double>(), 0.1);
  EXPECT_NEAR(trees.importances().sum().item<double>(), 1, 1e-12);
}

TEST(BoostedTrees, OneLabelNeedsNoTree) {
  const BoostedTrees trees(torch::rand({5, 2}), torch::full({5}, 4, torch::kLong));
  EXPECT_EQ(trees.importances().sum().item<double>(), 0);
  EXPECT_TRUE(torch::equal(trees.predict(torch::rand({3, 2})), torch::full({3}, 4, torch::kLong)));
}

TEST(BoostedTrees, RefuseWhatDoesNotFit) {
  const auto codes = torch::rand({6, 2});
  EXPECT_THROW(BoostedTrees(codes, torch::zeros({5}, torch::kLong)), Error);
  EXPECT_THROW(BoostedTrees(codes, torch::full({6}, -1, torch::kLong)), Error);
  EXPECT_THROW(BoostedTrees(codes / 0, torch::zeros({6}, torch::kLong)), Error);
  const BoostedTrees trees(codes, torch::arange(6).remainder(2));
  EXPECT_THROW(trees.predict(torch::rand({3, 3})), Error);
}

}  // namespace
}  // namespace belamy
