#include "store/run_records.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>

#include "test_folder.h"

namespace belamy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class RunRecords : public ::testing::Test {
 protected:
  std::string bytes_of(const char* name) const { return Env::real().read(folder_ / "run" / name); }
  const TestFolder folder_;
  std::unique_ptr<RunFolder> run_ =
      std::make_unique<RunFolder>(RunFolder::create(Env::real(), folder_ / "run"));
};

// The bytes as well: runs of earlier versions must open.
TEST_F(RunRecords, AboutComesBack) {
  write_about(*run_, {"mnist: 10 images",
                      {{"threads", "2"}, {"blas", "OpenBLAS"}},
                      "Samples",
                      {{"#185cc8", "samples"}},
                      4000});
  EXPECT_EQ(bytes_of("about.json"), R"({
  "data": "mnist: 10 images",
  "environment": [
    [
      "threads",
      "2"
    ],
    [
      "blas",
      "OpenBLAS"
    ]
  ],
  "legend": [
    [
      "#185cc8",
      "samples"
    ]
  ],
  "shown": "Samples",
  "steps": 4000
}
)");
  const auto about = read_about(*run_);
  EXPECT_EQ(about.data, "mnist: 10 images");
  EXPECT_THAT(about.environment, ElementsAre(Pair("threads", "2"), Pair("blas", "OpenBLAS")));
  EXPECT_THAT(about.legend, ElementsAre(Pair("#185cc8", "samples")));
  EXPECT_EQ(about.shown, "Samples");
}

TEST_F(RunRecords, MessagesComeBackUpToAStep) {
  write_messages(*run_, {{0, "first"}, {500, "second \xff"}, {900, "third"}});
  EXPECT_EQ(bytes_of("messages.json"), R"([
  {
    "step": 0,
    "text": "first"
  },
  {
    "step": 500,
    "text": "second �"
  },
  {
    "step": 900,
    "text": "third"
  }
]
)");
  EXPECT_EQ(read_messages(*run_).size(), 3u);
  const auto early = read_messages(*run_, 500);
  ASSERT_EQ(early.size(), 2u);
  EXPECT_EQ(early[1].step, 500);
  EXPECT_EQ(early[0].text, "first");
}

TEST_F(RunRecords, AnEvaluationComesBack) {
  write_evaluation(*run_, 700,
                   {{"the-error", "error", 0.125, "%", "of 10", {{"samples", "10"}}},
                    {"broken", "broken", std::nan(""), "", ""}});
  EXPECT_EQ(bytes_of("evaluation.json"), R"({
  "scores": [
    {
      "key": "the-error",
      "name": "error",
      "note": "of 10",
      "passport": [
        [
          "samples",
          "10"
        ]
      ],
      "unit": "%",
      "value": 0.125
    },
    {
      "key": "broken",
      "name": "broken",
      "note": "",
      "passport": [],
      "unit": "",
      "value": null
    }
  ],
  "step": 700
}
)");
  const auto scores = read_evaluation(*run_);
  ASSERT_EQ(scores.size(), 2u);
  EXPECT_EQ(scores[0].name, "error");
  EXPECT_EQ(scores[0].value, 0.125);
  EXPECT_EQ(scores[0].unit, "%");
  EXPECT_EQ(scores[0].key, "the-error");
  EXPECT_THAT(scores[0].passport, ElementsAre(Pair("samples", "10")));
  EXPECT_EQ(scores[0].note, "of 10");
  EXPECT_TRUE(std::isnan(scores[1].value));
}

TEST_F(RunRecords, WhatIsMissingOrDamagedReadsAsEmpty) {
  for (const char* text :
       {"", "{", "[", "null", "7", "{}", "[]", "[1, null, [2]]", "\xff\xfe",
        R"({"data": 1, "environment": [["a"], 3, ["a", 1]], "legend": 2, "scores": [1, []]})"}) {
    for (const char* name : {"about.json", "messages.json", "evaluation.json"}) {
      if (*text != 0) run_->write_file(name, text);
    }
    EXPECT_EQ(read_about(*run_).data, "") << text;
    EXPECT_THAT(read_about(*run_).environment, IsEmpty()) << text;
    EXPECT_THAT(read_about(*run_).legend, IsEmpty()) << text;
    EXPECT_TRUE(read_messages(*run_).empty()) << text;
    EXPECT_TRUE(read_evaluation(*run_).empty()) << text;
  }
}

TEST_F(RunRecords, DamagedEntriesArePassedOver) {
  run_->write_file("about.json", R"({"environment": [["a", "b"], ["c"]]})");
  run_->write_file("messages.json", R"([3, {"step": "x", "text": "kept"}, {"step": 5}])");
  run_->write_file("evaluation.json", R"({"scores": [{"name": "a", "value": "many"}, 4]})");
  EXPECT_THAT(read_about(*run_).environment, ElementsAre(Pair("a", "b")));
  const auto messages = read_messages(*run_);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].text, "kept");
  EXPECT_EQ(messages[0].step, 0);
  EXPECT_EQ(messages[1].step, 5);
  const auto scores = read_evaluation(*run_);
  ASSERT_EQ(scores.size(), 1u);
  EXPECT_TRUE(std::isnan(scores[0].value));
}

TEST_F(RunRecords, PicturesAreFoundByName) {
  EXPECT_TRUE(run_->pictures().empty());
  run_->write_picture("Codes of test images", "png");
  run_->write_file("pictures/notes.txt", "no picture");
  const auto pictures = run_->pictures();
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].first, "Codes of test images");
  EXPECT_EQ(Env::real().read(pictures[0].second), "png");
}

}  // namespace
}  // namespace belamy
