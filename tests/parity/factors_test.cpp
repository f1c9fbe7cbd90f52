// Boosted trees and support vector machines against scikit-learn: the fixture was written by make_factor_fixtures.py.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "fixture.h"
#include "metrics/boosted_trees.h"
#include "metrics/disentanglement.h"

namespace belamy {
namespace {

class FactorsParity : public testing::TestWithParam<int> {
 protected:
  torch::Tensor of(const std::string& name) const {
    return fixture_.of(std::to_string(GetParam()) + "/" + name);
  }

 private:
  Fixture fixture_{"factors.safetensors"};
};

TEST_P(FactorsParity, BoostedTrees) {
  const BoostedTrees trees(of("codes"), of("labels"), {.rounds = 20, .depth = 2});
  EXPECT_LT((trees.importances() - of("importances")).abs().max().item<double>(), 1e-6);
  EXPECT_TRUE(torch::equal(trees.predict(of("test_codes")), of("predicted")));
}

TEST_P(FactorsParity, MachinesOnOneDimension) {
  const auto found = attribute_separation(of("codes"), of("labels").unsqueeze(1), of("test_codes"),
                                          of("test_labels").unsqueeze(1), {false});
  // One test code in 300 may lie on a boundary.
  EXPECT_LE((found.scores.squeeze(1) - of("accuracies")).abs().max().item<double>(), 1.01 / 300);
}

INSTANTIATE_TEST_SUITE_P(Classes, FactorsParity, testing::Values(2, 3));

}  // namespace
}  // namespace belamy
