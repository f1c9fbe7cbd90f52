// One-shot trials: the official layout of Omniglot, and episodes drawn from a labelled set.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "data/one_shot_trials.h"
#include "errors.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

using samples::write_archive;
using testing::ElementsAre;
using testing::HasSubstr;

std::string dot(std::uint8_t value, int side = 1) {
  return encode_png(samples::flat(side, side, {value}));
}

// Two runs of two classes; the second names its known images in another order.
samples::Members runs() {
  return {{"run01/class_labels.txt",
           "run01/test/item01.png run01/training/class02.png\nrun01/test/item02.png "
           "run01/training/class01.png\n"},
          {"run01/training/class01.png", dot(11)},
          {"run01/training/class02.png", dot(12)},
          {"run01/training/unused.png", "no image"},
          {"run01/test/item01.png", dot(1)},
          {"run01/test/item02.png", dot(2)},
          {"run02/class_labels.txt",
           "run02/test/a.png   run02/training/y.png\r\n\nrun02/test/b.png run02/training/y.png\n"
           "run02/test/c.png run02/training/x.png\n"},
          {"run02/training/x.png", dot(21)},
          {"run02/training/y.png", dot(22)},
          {"run02/test/a.png", dot(3)},
          {"run02/test/b.png", dot(4)},
          {"run02/test/c.png", dot(5)}};
}

std::vector<int> values(const Trials& trials, const std::vector<std::int64_t>& places) {
  std::vector<int> all;
  for (const auto place : places) all.push_back(trials.data.pixels[static_cast<std::size_t>(place)]);
  return all;
}

std::string error_with(const samples::Members& members, const DataOptions& options = {}) {
  const TestFolder folder;
  write_archive(folder / "all_runs.zip", members);
  return message_of(ExitCode::data, [&] { read_trials(folder / "all_runs.zip", options); });
}

samples::Members with(const std::string& name, const std::string& bytes) {
  auto members = runs();
  for (auto& [member, old] : members) {
    if (member == name) old = bytes;
  }
  return members;
}

TEST(OfficialTrials, AreReadRunByRun) {
  const TestFolder folder;
  write_archive(folder / "all_runs.zip", runs());
  const auto trials = read_trials(folder / "all_runs.zip", {});
  EXPECT_EQ(trials.data.count, 9);
  EXPECT_EQ(trials.count(), 5);
  ASSERT_EQ(trials.episodes.size(), 2U);
  const auto& first = trials.episodes[0];
  EXPECT_THAT(values(trials, first.support), ElementsAre(11, 12));
  EXPECT_THAT(first.support_classes, ElementsAre(0, 1));
  EXPECT_THAT(values(trials, first.queries), ElementsAre(1, 2));
  EXPECT_THAT(first.query_classes, ElementsAre(1, 0));
  const auto& second = trials.episodes[1];
  EXPECT_THAT(values(trials, second.support), ElementsAre(21, 22));
  EXPECT_THAT(values(trials, second.queries), ElementsAre(3, 4, 5));
  EXPECT_THAT(second.query_classes, ElementsAre(1, 1, 0));
  EXPECT_THAT(trials.data.names, testing::Contains(HasSubstr("all_runs.zip:run02/test/b.png")));
}

TEST(OfficialTrials, AreReadFromOneRunInAFolderOfItsOwn) {
  const TestFolder folder;
  samples::Members members;
  for (const auto& [name, bytes] : runs()) {
    if (name.starts_with("run01/")) members.emplace_back("all_runs/" + name, bytes);
  }
  write_archive(folder / "all_runs.tar.gz", members);
  const auto trials = read_trials(folder / "all_runs.tar.gz", {});
  ASSERT_EQ(trials.episodes.size(), 1U);
  EXPECT_THAT(values(trials, trials.episodes[0].queries), ElementsAre(1, 2));
}

TEST(OfficialTrials, AreFittedLikeData) {
  const TestFolder folder;
  write_archive(folder / "all_runs.zip", runs());
  DataOptions options;
  options.size = 4;
  options.channels = 3;
  options.binarize = "threshold";
  const auto trials = read_trials(folder / "all_runs.zip", options);
  EXPECT_EQ(trials.data.channels, 3);
  EXPECT_EQ(trials.data.width, 4);
  EXPECT_EQ(trials.data.pixels.size(), 9U * 48);
  EXPECT_THAT(trials.data.pixels, testing::Each(0));
}

TEST(OfficialTrials, BadArchivesAreToldWithFileAndLine) {
  EXPECT_THAT(error_with({{"run01/test/item01.png", dot(1)}}), HasSubstr("no class_labels.txt in it"));
  EXPECT_THAT(error_with(with("run01/class_labels.txt", "\n")),
              HasSubstr("run01/class_labels.txt: no trials"));
  EXPECT_THAT(error_with(with("run01/class_labels.txt", "\nrun01/test/item01.png\n")),
              HasSubstr("run01/class_labels.txt, line 2: not two files"));
  EXPECT_THAT(error_with(with("run01/class_labels.txt", "a b c\n")), HasSubstr("line 1: not two files"));
  EXPECT_THAT(error_with(with("run02/class_labels.txt", "run02/test/a.png run02/training/z.png\n")),
              HasSubstr("names 'run02/training/z.png', which is not there"));
  EXPECT_THAT(error_with(with("run01/test/item01.png", "no image")), HasSubstr("run01/test/item01.png"));
  EXPECT_THAT(error_with(with("run01/test/item01.png", dot(1, 2))), HasSubstr("set data.size"));

  const TestFolder folder;
  write_archive(folder / "whole.zip", runs());
  const auto bytes = samples::read(folder / "whole.zip");
  for (const auto share : {0.2, 0.5}) {
    const auto length = static_cast<std::size_t>(share * static_cast<double>(bytes.size()));
    samples::write(folder / "cut.zip", bytes.substr(0, length));
    EXPECT_THROW(read_trials(folder / "cut.zip", {}), Error) << share;
  }
}

TEST(OfficialTrials, AreLookedForBesideTheData) {
  const TestFolder folder;
  write_archive(folder / "set/images.zip", {{"a/1.png", dot(1)}});
  write_archive(folder / "set/all_runs.zip", runs());
  EXPECT_EQ(find_official_trials((folder / "set").string()), folder / "set/all_runs.zip");
  EXPECT_EQ(find_official_trials((folder / "set/images.zip").string()), folder / "set/all_runs.zip");
  fs::remove(folder / "set/all_runs.zip");
  EXPECT_THROW(find_official_trials((folder / "set").string()), Error);
  EXPECT_THROW(find_official_trials("glyphs"), Error);
}

// Classes A/0 ... A/3 and B/0, B/1, of four examples each; C/0 has one.
Dataset alphabets() {
  Dataset data{.name = "alphabets", .channels = 1, .height = 1, .width = 1};
  data.class_names = {"A/0", "A/1", "A/2", "A/3", "B/0", "B/1", "C/0"};
  for (std::int64_t i = 0; i < 25; ++i) data.labels.push_back(i < 24 ? i % 6 : 6);
  data.count = 25;
  data.pixels.assign(25, 0);
  return data;
}

TEST(DrawnTrials, HaveTheirWaysAndShotsWithoutRepetition) {
  const auto data = alphabets();
  const auto episodes = draw_trials(data, {.ways = 5, .shots = 2}, 40, 1);
  ASSERT_EQ(episodes.size(), 40U);
  std::set<std::int64_t> seen;
  for (const auto& episode : episodes) {
    EXPECT_EQ(episode.support.size(), 10U);
    EXPECT_EQ(episode.queries.size(), 5U);
    std::set<std::int64_t> all(episode.support.begin(), episode.support.end());
    all.insert(episode.queries.begin(), episode.queries.end());
    EXPECT_EQ(all.size(), 15U) << "an example is there twice";
    std::map<std::int64_t, std::int64_t> label_of;
    for (std::size_t i = 0; i < episode.support.size(); ++i) {
      const auto label = data.labels[static_cast<std::size_t>(episode.support[i])];
      EXPECT_EQ(label_of.emplace(episode.support_classes[i], label).first->second, label);
    }
    EXPECT_EQ(label_of.size(), 5U);
    for (std::size_t i = 0; i < episode.queries.size(); ++i) {
      EXPECT_EQ(data.labels[static_cast<std::size_t>(episode.queries[i])],
                label_of.at(episode.query_classes[i]));
    }
    seen.insert(all.begin(), all.end());
  }
  EXPECT_EQ(seen.size(), 24U) << "all but the class of one example";
}

TEST(DrawnTrials, StayInOneFolderWhereAsked) {
  const auto data = alphabets();
  std::set<bool> folders;
  for (const auto& episode : draw_trials(data, {.ways = 2, .in_folder = true}, 40, 1)) {
    std::set<bool> in_a;
    for (const auto place : episode.support) in_a.insert(data.labels[static_cast<std::size_t>(place)] < 4);
    EXPECT_EQ(in_a.size(), 1U);
    folders.merge(in_a);
  }
  EXPECT_EQ(folders.size(), 2U);
}

TEST(DrawnTrials, FollowTheirSeed) {
  const auto support = [](std::int64_t seed) {
    return draw_trials(alphabets(), {.ways = 4}, 3, seed)[2].support;
  };
  EXPECT_EQ(support(1), support(1));
  EXPECT_NE(support(1), support(2));
}

TEST(DrawnTrials, WhatCannotBeDrawnIsTold) {
  const auto draw = [](Dataset data, const TrialPlan& plan) { draw_trials(data, plan, 1, 1); };
  auto bare = alphabets();
  bare.labels.clear();
  EXPECT_THROW(draw(bare, {.ways = 2}), Error);
  EXPECT_THROW(draw(alphabets(), {.ways = 7}), Error);
  EXPECT_THROW(draw(alphabets(), {.ways = 6, .shots = 4}), Error);
  EXPECT_THROW(draw(alphabets(), {.ways = 5, .in_folder = true}), Error);
  EXPECT_NO_THROW(draw(alphabets(), {.ways = 6, .shots = 3}));
  EXPECT_NO_THROW(draw(alphabets(), {.ways = 4, .in_folder = true}));
}

TEST(DrawnTrials, AreNamedByWaysAndShots) {
  const auto plan = TrialPlan::parse("5-way-3-shot-in-folder");
  EXPECT_EQ(plan.ways, 5);
  EXPECT_EQ(plan.shots, 3);
  EXPECT_TRUE(plan.in_folder);
  EXPECT_FALSE(TrialPlan::parse("20-way-1-shot").in_folder);
  for (const char* text : {"", "offical", "5-way", "5-way-1", "1-way-1-shot", "5-way-0-shot", "-5-way-1-shot",
                           "5-way-1-shots", "5-way-1-shot-", "5000-way-1-shot"}) {
    try {
      TrialPlan::parse(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
      EXPECT_THAT(error.what(), HasSubstr("5-way-1-shot"));
    }
  }
}

}  // namespace
}  // namespace belamy
