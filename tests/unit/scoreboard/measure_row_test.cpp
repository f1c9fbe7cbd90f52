// Running rows of the scoreboard. The program's test (tests/cli/reproduce_test.sh) trains whole rows.
#include "scoreboard/measure_row.h"

#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scoreboard/rows.h"
#include "small_training.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

ReproductionRow row(const std::string& group, const std::string& score) {
  return ReproductionRow::parse("small", R"(title = "Small"
paper = "Nobody."
protocol = "Very short."
[[group]]
name = "one"
)" + group + R"(
[[value]]
key = "it"
text = "it"
group = "one"
score = ")" + score + "\"\n[[pass]]\nvalue = \"it\"\nmax = 1\n",
                                "small.toml");
}

RowHooks silent() {
  RowHooks hooks;
  hooks.train = [](const Recipe&, const fs::path&) { return TrainingOutcome{}; };
  hooks.begin = hooks.progress = hooks.warning = [](const std::string&) {};
  return hooks;
}

TEST(MeasureRow, ALabWithoutRandomNumbersIsMeasuredOnce) {
  const auto lab = row("lab = \"dirac-gan\"", "conserved");
  check_row(lab);
  std::vector<std::string> begun;
  auto hooks = silent();
  hooks.begin = [&](const std::string& text) { begun.push_back(text); };
  const auto runs = scratch("rows");
  const auto result = measure_row(lab, 3, runs, hooks);
  ASSERT_TRUE(result);
  EXPECT_THAT(begun, ElementsAre("one, seed 1 of 3"));
  ASSERT_EQ(result->values.size(), 1u);
  EXPECT_LT(result->values[0].mean(), 1e-6);  // the claim of the lab
  EXPECT_EQ(result->seeds, 3);
  EXPECT_EQ(result->status, "reproduced");
  EXPECT_TRUE(fs::exists(runs / "small-seed1/index.html"));
  fs::remove_all(runs);
}

TEST(MeasureRow, AValueMayBeTheMeanOfEarlierOnes) {
  const auto with_mean = [](const std::string& parts) {
    return ReproductionRow::parse("mean", R"(title = "Mean"
paper = "Nobody."
protocol = "Very short."
[[group]]
name = "lab"
lab = "dirac-gan"
[[value]]
key = "a"
text = "a"
group = "lab"
score = "conserved"
[[value]]
key = "b"
text = "b"
group = "lab"
score = "conserved"
factor = 3
[[value]]
key = "both"
text = "both"
mean = [)" + parts + R"(]
factor = 10
[[pass]]
value = "both"
min = 0
)",
                                  "mean.toml");
  };
  const auto mean = with_mean(R"("a", "b")");
  check_row(mean);
  const auto runs = scratch("mean");
  const auto result = measure_row(mean, 1, runs, silent());
  fs::remove_all(runs);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->values.size(), 3u);
  EXPECT_EQ(result->values[2].key, "both");
  EXPECT_NE(result->values[0].mean(), 0);
  EXPECT_DOUBLE_EQ(result->values[2].mean(), 20 * result->values[0].mean());
  EXPECT_EQ(result->status, "reproduced");
  EXPECT_THAT(message_of(ExitCode::usage, [&] { with_mean(R"("a", "both")"); }),
              HasSubstr("a mean with 'both', which is no earlier value"));
}

TEST(MeasureRow, AGroupMayTakeTheRunOfAnEarlierOne) {
  const auto two = [](const std::string& named) {
    return ReproductionRow::parse("two", R"(title = "Two"
paper = "Nobody."
protocol = "Very short."
[[group]]
name = "words"
recipe = "joint-embedding-glyphs"
[[group]]
name = "pictures"
recipe = "stackgan-glyphs"
settings = ["from.text={run:)" + named + R"(}"]
[[value]]
key = "it"
text = "it"
group = "pictures"
score = "caption-class"
[[pass]]
value = "it"
min = 0
)",
                                  "two.toml");
  };
  check_row(two("words"));
  EXPECT_THAT(message_of(ExitCode::usage, [&] { check_row(two("letters")); }), HasSubstr("'letters'"));
  EXPECT_THAT(message_of(ExitCode::usage, [&] { check_row(two("pictures")); }),
              HasSubstr("no earlier group"));
  std::vector<std::string> parents;
  auto hooks = silent();
  hooks.train = [&](const Recipe& recipe, const fs::path&) {
    for (const auto& [name, place] : recipe.parents) parents.push_back(name + " " + place);
    return TrainingOutcome{};  // stopped
  };
  auto row = two("words");
  std::swap(row.groups[0], row.groups[1]);
  EXPECT_THAT(message_of(ExitCode::usage, [&] { measure_row(row, 1, "some", hooks); }),
              HasSubstr("no earlier group"));
  row = two("words");
  row.groups[0].lab = "shift-gan";  // is measured at once
  row.groups[0].recipe.clear();
  EXPECT_THAT(message_of(ExitCode::usage, [&] { check_row(row); }),
              HasSubstr("no earlier group with a recipe"));
}

TEST(MeasureRow, AStoppedTrainingHasNoResult) {
  const auto gan = row("recipe = \"gan-ring\"\nsettings = [\"data.seed={seed}\"]", "diversity");
  std::vector<std::string> trained;
  auto hooks = silent();
  hooks.train = [&](const Recipe& recipe, const fs::path& folder) {
    trained.push_back(fmt::format("{} {} {}", folder.string(), recipe.train.seed, recipe.data.seed));
    return TrainingOutcome{};
  };
  EXPECT_FALSE(measure_row(gan, 2, "no-such-folder", hooks));
  EXPECT_THAT(trained, ElementsAre("no-such-folder/small-seed1 1 1"));
}

TEST(MeasureRow, MistakesAreFoundBeforeTraining) {
  EXPECT_THAT(message_of(ExitCode::usage, [] { check_row(row("lab = \"kl-js-range\"", "js_9")); }),
              HasSubstr("has no claim 'js_9'"));
  EXPECT_THAT(message_of(ExitCode::usage, [] { check_row(row("recipe = \"gan-rnig\"", "diversity")); }),
              HasSubstr("'gan-rnig'"));
  EXPECT_THAT(message_of(ExitCode::usage, [] { find_row("gan-parzen-mnits"); }),
              HasSubstr("'gan-parzen-mnist'"));
}

TEST(Rows, AreInTheOrderOfTheirNumbers) {
  const auto rows = all_rows();
  ASSERT_GE(rows.size(), 2u);
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_LE(rows[i - 1].number, rows[i].number);
  EXPECT_FALSE(kept_result("no-such-folder", rows[0]));
}

}  // namespace
}  // namespace belamy
