// Rows of the scoreboard: what a row may say, statistics over seeds, conditions, results, the table.
#include "report/reproduction.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kHead = R"(
number = 3
title = "Two groups"
paper = "Somebody 2000."
protocol = "As there."
seeds = 3
[[group]]
name = "plain"
recipe = "gan-ring"
[[group]]
name = "better"
recipe = "gan-ring"
settings = ["data.seed={seed}"]
evaluate = ["samples=500"]
[[value]]
key = "plain"
text = "plain, modes"
group = "plain"
score = "modes-covered"
better = "higher"
published = "6.3"
confidence = "V1"
[[value]]
key = "better"
text = "better, modes"
group = "better"
score = "modes-covered"
)";

ReproductionRow row_with(const std::string& rest) {
  return ReproductionRow::parse("row", kHead + rest, "row.toml");
}

std::string error_of(const std::string& toml) {
  return message_of(ExitCode::usage, [&] { ReproductionRow::parse("row", toml, "row.toml"); });
}

ReproductionResult measured(const std::vector<double>& plain, const std::vector<double>& better) {
  ReproductionResult result;
  result.row = "row";
  result.seeds = static_cast<std::int64_t>(plain.size());
  result.values = {{"plain", plain, ""}, {"better", better, "how"}};
  return result;
}

// "pass" lines -> whether the row is reproduced with these values.
bool holds(const std::string& pass, const std::vector<double>& plain, const std::vector<double>& better) {
  const auto row = row_with("[[pass]]\n" + pass);
  auto result = measured(plain, better);
  judge_reproduction(row, result);
  EXPECT_EQ(result.conditions.size(), 1u);
  EXPECT_EQ(result.status, result.conditions[0].second ? "reproduced" : "partial");
  return result.conditions[0].second;
}

TEST(ReproductionRow, AGroupMayUseTheRunOfAnother) {
  const std::string group = "[[group]]\nname = \"other\"\nrun = \"plain\"\nuse = [\"use.steps=2\"]\n";
  const std::string pass = "[[pass]]\nvalue = \"plain\"\nmin = 6\n";
  const auto row = row_with(group + pass);
  EXPECT_EQ(row.groups[2].run, "plain");
  EXPECT_THAT(row.groups[2].use, testing::ElementsAre("use.steps=2"));
  const auto refused = [&](const std::string& lines, const std::string& why) {
    EXPECT_THAT(error_of(kHead + "[[group]]\nname = \"other\"\n" + lines + pass), HasSubstr(why)) << lines;
  };
  refused("run = \"nothing\"\n", "no earlier group with a recipe");
  refused("run = \"other\"\n", "no earlier group with a recipe");
  refused("run = \"plain\"\nrecipe = \"gan-ring\"\n", "either a recipe, a lab or the run");
  refused("run = \"plain\"\nsettings = [\"train.steps=5\"]\n", "have no effect");
  refused("lab = \"kl-js-range\"\nuse = [\"use.steps=2\"]\n", "is a lab");
}

TEST(ReproductionRow, IsReadWhole) {
  const auto row = row_with("[[pass]]\nvalue = \"plain\"\nmin = 6\n");
  EXPECT_EQ(row.number, 3);
  EXPECT_EQ(row.seeds, 3);
  ASSERT_EQ(row.groups.size(), 2u);
  EXPECT_EQ(row.groups[1].settings, std::vector<std::string>{"data.seed={seed}"});
  EXPECT_EQ(row.groups[1].evaluate, std::vector<std::string>{"samples=500"});
  EXPECT_TRUE(row.values[0].higher);
  EXPECT_FALSE(row.values[1].higher);
  EXPECT_EQ(row.values[0].confidence, "V1");
}

TEST(ReproductionRow, SaysWhatIsWrong) {
  const std::string pass = "[[pass]]\nvalue = \"plain\"\nmin = 6\n";
  EXPECT_THAT(error_of(kHead), HasSubstr("at least one [[group]], [[value]] and [[pass]]"));
  EXPECT_THAT(error_of(kHead + pass + "least = 3\n"), HasSubstr("unknown key 'least' in a [[pass]]"));
  EXPECT_THAT(error_of(kHead + pass + "tolerance = 3\n"), HasSubstr("must have one of these"));
  EXPECT_THAT(error_of(kHead + pass + "share = 0\n"), HasSubstr("share must be above 0"));
  EXPECT_THAT(error_of(kHead + "[[pass]]\nvalue = \"plain\"\nnear = 1\n"),
              HasSubstr("near with either tolerance or relative"));
  EXPECT_THAT(error_of(kHead + "[[pass]]\nvalue = \"plan\"\nmax = 1\n"),
              HasSubstr("value 'plan', which is not there"));
  EXPECT_THAT(error_of(kHead + "[[pass]]\nvalue = \"plain\"\nabove = \"x\"\n"),
              HasSubstr("value 'x', which is not there"));
  EXPECT_THAT(error_of(kHead + pass + "[[group]]\nname = \"plain\"\nlab = \"x\"\n"),
              HasSubstr("group 'plain' is there twice"));
  EXPECT_THAT(error_of(kHead + pass + "[[group]]\nname = \"both\"\nlab = \"x\"\nrecipe = \"y\"\n"),
              HasSubstr("either a recipe, a lab or the run of another group"));
  EXPECT_THAT(
      error_of(kHead + pass + "[[value]]\nkey = \"v\"\ntext = \"t\"\nscore = \"s\"\ngroup = \"none\"\n"),
      HasSubstr("group 'none', which is not there"));
  EXPECT_THAT(
      error_of(
          kHead + pass +
          "[[value]]\nkey = \"v\"\ntext = \"t\"\nscore = \"diversity\"\ngroup = \"plain\"\npublished = \"3\"\n"),
      HasSubstr("one of published and confidence alone"));
  EXPECT_THAT(error_of(kHead + pass +
                       "[[value]]\nkey = \"v\"\ntext = \"t\"\nscore = \"mode-covered\"\ngroup = \"plain\"\n"),
              HasSubstr("has no score 'mode-covered'; did you mean 'modes-covered'?"));
  EXPECT_THAT(error_of("seeds = 0\n"), HasSubstr("row.toml, line 1: seeds must be an integer from 1"));
}

TEST(ReproducedValue, StatisticsOverSeeds) {
  const ReproducedValue value{"v", {4, 1, 7, 2}, ""};
  EXPECT_DOUBLE_EQ(value.mean(), 3.5);
  EXPECT_DOUBLE_EQ(value.median(), 3);
  EXPECT_DOUBLE_EQ(value.worst(true), 1);
  EXPECT_DOUBLE_EQ(value.worst(false), 7);
  EXPECT_DOUBLE_EQ(*value.standard_error(), std::sqrt(7.0) / 2);  // variance 21 / 3, over 4
  EXPECT_FALSE((ReproducedValue{"v", {4}, ""}).standard_error());
}

TEST(Conditions, BoundsOnTheMeanTheMedianAndEverySeed) {
  EXPECT_TRUE(holds("value = \"plain\"\nmin = 6", {5, 6, 7}, {}));
  EXPECT_FALSE(holds("value = \"plain\"\nmin = 6.1", {5, 6, 7}, {}));
  EXPECT_TRUE(holds("value = \"plain\"\nmax = 6", {5, 6, 7}, {}));
  EXPECT_TRUE(holds("value = \"plain\"\nnear = 6.5\ntolerance = 0.5", {5, 6, 7}, {}));
  EXPECT_FALSE(holds("value = \"plain\"\nnear = 6.6\ntolerance = 0.5", {5, 6, 7}, {}));
  EXPECT_TRUE(holds("value = \"plain\"\nmin = 6\nof = \"median\"", {0, 6, 7}, {}));
  EXPECT_FALSE(holds("value = \"plain\"\nmin = 6\nof = \"seeds\"", {5, 6, 7}, {}));
  EXPECT_TRUE(holds("value = \"plain\"\nmin = 6\nof = \"seeds\"\nshare = 0.6", {5, 6, 7}, {}));
  EXPECT_FALSE(holds("value = \"plain\"\nmin = 6\nof = \"seeds\"\nshare = 0.7", {5, 6, 7}, {}));
  // 8 of 10 is a share of 0.8, whatever the last bit says.
  EXPECT_TRUE(
      holds("value = \"plain\"\nmin = 8\nof = \"seeds\"\nshare = 0.8", {8, 8, 8, 8, 8, 8, 8, 8, 1, 1}, {}));
}

TEST(Conditions, CompareTwoValues) {
  EXPECT_TRUE(holds("value = \"better\"\nabove = \"plain\"\nmargin = 4", {1, 2, 3}, {7, 7, 7}));
  EXPECT_FALSE(holds("value = \"better\"\nabove = \"plain\"\nmargin = 5", {1, 2, 3}, {7, 7, 7}));
  EXPECT_TRUE(holds("value = \"plain\"\nbelow = \"better\"", {1, 2, 3}, {2, 3, 4}));
  EXPECT_FALSE(holds("value = \"plain\"\nbelow = \"better\"\nmargin = 1", {1, 2, 3}, {2, 3, 4}));
  EXPECT_FALSE(holds("value = \"plain\"\nbelow = \"better\"\nof = \"seeds\"", {1, 2, 3}, {2, 2, 4}));
}

TEST(Conditions, WhatWasNotMeasuredFails) {
  EXPECT_FALSE(holds("value = \"better\"\nmax = 100", {1, 2, 3}, {}));
  EXPECT_FALSE(holds("value = \"plain\"\nbelow = \"better\"", {1, 2, 3}, {}));
  EXPECT_FALSE(holds("value = \"plain\"\nmax = 100\nof = \"seeds\"", {}, {}));
  EXPECT_FALSE(holds("value = \"plain\"\nmax = 100", {1, std::nan(""), 3}, {}));
}

TEST(Conditions, FewerSeedsThanAskedForArePartial) {
  const auto row = row_with("[[pass]]\nvalue = \"plain\"\nmin = 6\n");
  auto result = measured({7, 7}, {});
  judge_reproduction(row, result);
  EXPECT_TRUE(result.conditions[0].second);
  EXPECT_EQ(result.status, "partial");
}

TEST(ReproductionResult, SurvivesItsFile) {
  auto result = measured({1, std::nan(""), 3}, {4, 5, 6});
  result.date = "2000-01-02";
  result.commit = "abc";
  result.minutes = 1.26;
  result.machine = {{"threads", "2"}, {"blas", "some \"BLAS\""}};
  judge_reproduction(row_with("[[pass]]\nvalue = \"better\"\nmin = 5\n"), result);
  const auto read = ReproductionResult::parse(result.to_json(), "row.json");
  EXPECT_EQ(read.to_json(), result.to_json());
  EXPECT_TRUE(result.to_json().starts_with(result_mark));
  EXPECT_EQ(read.status, "reproduced");
  EXPECT_EQ(read.minutes, 1.3);
  EXPECT_TRUE(std::isnan(read.values[0].seeds[1]));
  EXPECT_EQ(read.values[1].seeds, (std::vector<double>{4, 5, 6}));
  EXPECT_EQ(read.machine, result.machine);
  for (const std::string text : {"", "{}", "[1]", "{\"row\": 3}"}) {
    try {
      ReproductionResult::parse(text, "row.json");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::data);
      EXPECT_THAT(error.what(), HasSubstr("row.json: not the result of a row"));
    }
  }
}

TEST(ReproductionTable, HasEveryRowMeasuredOrNot) {
  const auto row = row_with("[[pass]]\nvalue = \"better\"\nmin = 5\n[[pass]]\nvalue = \"plain\"\nmin = 99\n");
  EXPECT_THAT(reproduction_table({{row, std::nullopt}}), HasSubstr("| – | plain >= 99 | not measured |"));
  auto result = measured({1, 2, 3}, {4, 5, 9});
  result.machine = {{"threads", "2"}};
  judge_reproduction(row, result);
  const auto page = reproduction_table({{row, result}});
  EXPECT_THAT(page,
              HasSubstr("| 3 | [row](row.toml) | plain, modes | 6.3 (V1) | 2 ± 0.58 (worst 1; 3 seeds) | "
                        "plain >= 99 ✗ | **partial** |"));
  EXPECT_THAT(page, HasSubstr("|  |  | better, modes | – | 6 ± 1.5 (worst 9; 3 seeds) | better >= 5 ✓ |  |"));
  const auto near = row_with("[[pass]]\nvalue = \"plain\"\nbelow = \"better\"\nmargin = -0.5\n");
  EXPECT_THAT(reproduction_table({{near, std::nullopt}}), HasSubstr("plain < better + 0.5"));
  EXPECT_THAT(page, HasSubstr("threads 2"));
  EXPECT_THAT(page, HasSubstr("`better`: how."));
  EXPECT_THAT(page, Not(HasSubstr("not measured |")));
}

}  // namespace
}  // namespace belamy
