// Runs side by side: settings that differ, scores that may be compared, and why others may not.
#include "report/comparison.h"

#include <gmock/gmock.h>
#include <set>

#include "report/scores.h"

namespace belamy {
namespace {

using testing::HasSubstr;
using testing::Not;

Passport passport(const std::string& samples, const std::string& seed = "1") {
  return {{"protocol", "1"}, {"data", "mnist"}, {"samples", samples}, {"seed", seed}, {"program", "x"}};
}

ComparedRun run_of(const std::string& name, const std::string& width, double error, Passport about) {
  return {name,
          {{"model", "gan"}, {"model.width", width}, {"train.batch", "64"}},
          {{"classification-error", "classification error", error, "", "", std::move(about)}}};
}

TEST(Scores, HaveKeysOfTheirOwn) {
  std::set<std::string> keys;
  for (const auto& score : all_scores()) {
    EXPECT_TRUE(keys.insert(score.key).second) << score.key;
    EXPECT_EQ(score.key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string::npos)
        << score.key;
    EXPECT_GE(score.protocol, 1);
  }
}

TEST(Scores, OfTranslationsHaveADirection) {
  ASSERT_TRUE(find_score("l1-a2b"));
  EXPECT_EQ(find_score("l1-a2b")->key, "l1");
  EXPECT_EQ(find_score("l1-of-copying-b2a")->key, "l1-of-copying");
  EXPECT_FALSE(find_score("l1-a2c"));
  EXPECT_FALSE(find_score("classification error"));
}

TEST(Passports, DifferInWhatMatters) {
  EXPECT_EQ(passport_difference(passport("100"), passport("100")), "");
  EXPECT_EQ(passport_difference(passport("100", "1"), passport("100", "2")), "") << "the seed is free";
  EXPECT_EQ(passport_difference(passport("100"), passport("200")), "samples: 100 and 200");
  auto with_network = passport("100");
  with_network.emplace_back("network", "abc");
  EXPECT_EQ(passport_difference(passport("100"), with_network), "network: none and abc");
  EXPECT_EQ(passport_difference(with_network, passport("100")), "network: abc and none");
}

TEST(Comparison, ShowsWhatDiffersAndTheBest) {
  const auto text =
      compare_runs({run_of("a", "8", 0.25, passport("100")), run_of("b", "16", 0.125, passport("100"))});
  EXPECT_THAT(text, HasSubstr("model.width"));
  EXPECT_THAT(text, Not(HasSubstr("train.batch")));
  EXPECT_THAT(text, HasSubstr("0.1250 *"));
  EXPECT_THAT(text, Not(HasSubstr("0.2500 *")));
}

TEST(Comparison, RefusesFiguresThatWereMeasuredInDifferentWays) {
  const auto text =
      compare_runs({run_of("a", "8", 0.25, passport("100")), run_of("b", "8", 0.125, passport("200"))});
  EXPECT_THAT(text, HasSubstr("all settings are equal"));
  EXPECT_THAT(text, HasSubstr("classification error: samples: 100 and 200"));
  EXPECT_THAT(text, Not(HasSubstr("0.1250")));
  const auto old = compare_runs({run_of("a", "8", 0.25, {}), run_of("b", "8", 0.125, passport("200"))});
  EXPECT_THAT(old, HasSubstr("evaluate the runs again"));
}

TEST(Comparison, SaysWhenNothingWasMeasured) {
  auto a = run_of("a", "8", 0, {});
  a.scores.clear();
  EXPECT_THAT(compare_runs({a, a}), HasSubstr("'belamy evaluate RUN' measures them"));
}

}  // namespace
}  // namespace belamy
