#include "evaluate/factors.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace belamy {
namespace {

Dataset set_of(std::vector<std::int64_t> labels, std::vector<std::int64_t> styles,
               std::vector<float> attributes) {
  Dataset set;
  set.count = static_cast<std::int64_t>(attributes.size());
  set.labels = std::move(labels);
  set.styles = std::move(styles);
  set.attribute_names = {"x"};
  set.attributes = std::move(attributes);
  return set;
}

TEST(KnownFactors, NumberTheValuesOfBothSplits) {
  const auto known =
      known_factors(set_of({4, 7, 4}, {0, 0, 0}, {0.5F, -1, 2}), set_of({7, 4}, {0, 0}, {2, 0.75F}));
  // All have one style.
  EXPECT_EQ(known.names, (std::vector<std::string>{"class", "x"}));
  EXPECT_EQ(known.ordered, (std::vector<bool>{false, true}));
  EXPECT_TRUE(torch::equal(known.train, torch::tensor({{0, 1}, {1, 0}, {0, 3}})));
  EXPECT_TRUE(torch::equal(known.test, torch::tensor({{1, 3}, {0, 2}})));
}

TEST(KnownFactors, AreLeftOutIfTheyDoNotVary) {
  EXPECT_TRUE(known_factors(set_of({}, {}, {1, 1}), set_of({}, {}, {1, 2})).names.empty());
  EXPECT_FALSE(known_factors(set_of({}, {}, {1, 1}), set_of({}, {}, {1, 2})).train.defined());
}

TEST(KnownFactors, OfManyValuesAreCutIntoTwentyParts) {
  std::vector<float> values(1001);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const auto known = known_factors(set_of({}, {}, values), set_of({}, {}, {0, 49, 50, 999, 1000}));
  EXPECT_TRUE(torch::equal(known.test, torch::tensor({{0}, {0}, {1}, {19}, {19}})));
  EXPECT_EQ(known.train.max().item<std::int64_t>(), 19);
}

}  // namespace
}  // namespace belamy
