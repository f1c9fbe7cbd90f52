// Splits and classes from the folders of a data set.
#include "data/layout.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// "train cat: seg_train/cat/1.png" for each file, and "left out: predict, 2 files" for each stray.
std::vector<std::string> sorted(const std::vector<std::string>& names) {
  const auto layout = lay_out(names, common_depth(names));
  std::vector<std::string> lines;
  for (const auto& entry : layout.entries)
    lines.push_back(fmt::format("{} {}: {}", entry.split, entry.group, entry.name));
  for (const auto& stray : layout.strays)
    lines.push_back(fmt::format("left out: {}, {}{}", stray.path, stray.files, stray.folder ? " in it" : ""));
  return lines;
}

std::vector<std::string> splits_of(const std::vector<std::string>& folders) {
  std::vector<std::string> names;
  for (const auto& folder : folders) names.push_back(folder + "/1.png");
  const auto layout = lay_out(names, common_depth(names));
  std::vector<std::string> splits;
  for (const auto& entry : layout.entries) splits.push_back(entry.split);
  return splits;
}

TEST(Layout, TheFolderAroundAllFilesIsNamed) {
  const auto only = [](const std::vector<std::string>& names) {
    return lay_out(names, common_depth(names)).only_folder;
  };
  EXPECT_EQ(only({"cat/1.png", "cat/2.png"}), "cat");
  EXPECT_EQ(only({"set/trainA/1.png", "set/trainA/2.png"}), "trainA");
  EXPECT_EQ(only({"1.png", "2.png"}), "");
  EXPECT_EQ(only({"train/1.png", "train/2.png"}), "");
  EXPECT_EQ(only({"set/cat/1.png", "set/dog/2.png"}), "set");
}

TEST(Layout, WhatLiesBesideTheSplitsIsLeftOut) {
  EXPECT_THAT(sorted({"sample.png", "train/cat/1.png", "train/dog/2.png", "test/cat/3.png", "predict/4.png",
                      "predict/5.png", "extra/cat/6.png"}),
              UnorderedElementsAre("train cat: train/cat/1.png", "train dog: train/dog/2.png",
                                   "test cat: test/cat/3.png", "left out: sample.png, 1",
                                   "left out: predict, 2 in it", "left out: extra, 1 in it"));
}

TEST(Layout, SplitsMayLieDeeperThanTheStrays) {
  EXPECT_THAT(sorted({"sample.png", "set/train/cat/1.png", "set/train/dog/2.png", "set/test/cat/3.png",
                      "set/old/4.png", "more/cat/5.png"}),
              UnorderedElementsAre("train cat: set/train/cat/1.png", "train dog: set/train/dog/2.png",
                                   "test cat: set/test/cat/3.png", "left out: sample.png, 1",
                                   "left out: set/old, 1 in it", "left out: more, 1 in it"));
}

TEST(Layout, ClassesAroundSplits) {
  EXPECT_THAT(sorted({"all/cat/train/1.png", "all/cat/test/2.png", "all/dog/train/3.png",
                      "all/dog/test/old/4.png", "all/eel/5.png"}),
              UnorderedElementsAre("train cat: all/cat/train/1.png", "test cat: all/cat/test/2.png",
                                   "train dog: all/dog/train/3.png", "test dog/old: all/dog/test/old/4.png",
                                   "left out: all/eel, 1 in it"));
}

TEST(Layout, SplitsAreWordsOfTheFoldersNames) {
  for (const auto& [train, test] :
       std::vector<std::pair<std::string, std::string>>{{"training_set", "test_set"},
                                                        {"Training", "Testing"},
                                                        {"train_images", "test-images"},
                                                        {"seg_train", "seg_test"},
                                                        {"train2017", "test2017"},
                                                        {"ImagesTrain", "ImagesTest"},
                                                        {"TRAIN DATA", "TEST DATA"},
                                                        {"train", "eval"},
                                                        {"train", "Evaluation"}}) {
    EXPECT_THAT(splits_of({train, test}), ElementsAre("train", "test")) << train << ", " << test;
    EXPECT_THAT(splits_of({train + "/a", train + "/b", test + "/a", "other"}),
                ElementsAre("train", "train", "test"))
        << train << ", " << test;
  }
  for (const char* val : {"val", "valid", "Validation_Set", "dev"})
    EXPECT_THAT(splits_of({"train", "test", val}), ElementsAre("train", "test", "val")) << val;
  EXPECT_THAT(splits_of({"train", "eval", "test"}), ElementsAre("train", "val", "test"));
}

TEST(Layout, ClassesWithWordsOfSplitsAreClasses) {
  EXPECT_THAT(splits_of({"cat", "test-tube", "train-station"}), ElementsAre("", "", ""));
  EXPECT_THAT(splits_of({"train2017", "val2014"}), ElementsAre("train", "val"));
  EXPECT_THAT(splits_of({"train_images", "test"}), ElementsAre("train", "test"));
}

TEST(Layout, WordsWithinWordsAreNone) {
  EXPECT_THAT(splits_of({"trainers", "contests"}), ElementsAre("", ""));
  EXPECT_THAT(splits_of({"strain", "test"}), ElementsAre("", ""));
  EXPECT_THAT(splits_of({"test", "val"}), ElementsAre("", "")) << "nothing to train on";
}

TEST(Layout, TheDomainsOfCycleGanAreClasses) {
  EXPECT_THAT(sorted({"trainA/1.png", "trainB/2.png", "testA/3.png", "testB/4.png"}),
              ElementsAre(" trainA: trainA/1.png", " trainB: trainB/2.png", " testA: testA/3.png",
                          " testB: testB/4.png"));
}

TEST(Layout, MasksAreNoTrainingImages) {
  EXPECT_THAT(sorted({"train/1.png", "train_masks/1.png", "test/2.png", "test_masks/2.png"}),
              UnorderedElementsAre("train : train/1.png", "test : test/2.png",
                                   "left out: train_masks, 1 in it", "left out: test_masks, 1 in it"));
  EXPECT_THAT(sorted({"train_images/1.png", "train_masks/1.png", "test_images/2.png", "test_masks/2.png"}),
              ElementsAre("train images: train_images/1.png", "train masks: train_masks/1.png",
                          "test images: test_images/2.png", "test masks: test_masks/2.png"));
}

TEST(Layout, AFolderRepeatedAroundASplitSaysNothing) {
  EXPECT_THAT(
      sorted({"seg_train/seg_train/cat/1.png", "seg_train/seg_train/dog/2.png", "seg_test/seg_test/cat/3.png",
              "seg_pred/seg_pred/4.png"}),
      ElementsAre("train cat: seg_train/seg_train/cat/1.png", "train dog: seg_train/seg_train/dog/2.png",
                  "test cat: seg_test/seg_test/cat/3.png", "left out: seg_pred, 1 in it"));
  EXPECT_THAT(sorted({"train/train/cat/1.png", "train/dog/2.png", "test/cat/3.png"}),
              ElementsAre("train train/cat: train/train/cat/1.png", "train dog: train/dog/2.png",
                          "test cat: test/cat/3.png"))
      << "not around all of it";
}

TEST(Layout, TrainWithoutATestSet) {
  EXPECT_THAT(
      sorted({"train/cat/1.png", "train/dog/2.png", "predict/3.png"}),
      ElementsAre("train cat: train/cat/1.png", "train dog: train/dog/2.png", "left out: predict, 1 in it"));
  EXPECT_THAT(sorted({"train/1.png", "extra/3.png"}),
              ElementsAre("train : train/1.png", "left out: extra, 1 in it"));
  EXPECT_THAT(sorted({"train/cat/1.png", "train/dog/2.png", "more/cat/3.png", "pictures/4.png"}),
              ElementsAre("train cat: train/cat/1.png", "train dog: train/dog/2.png",
                          "left out: more, 1 in it", "left out: pictures, 1 in it"));
  EXPECT_THAT(
      sorted({"train/cat/1.png", "train/dog/2.png", "sample.png"}),
      ElementsAre("train cat: train/cat/1.png", "train dog: train/dog/2.png", "left out: sample.png, 1"));
  EXPECT_THAT(splits_of({"train", "predict", "other"}), ElementsAre("train"));
  EXPECT_THAT(splits_of({"train_images", "unlabeled_images", "other"}), ElementsAre("train"));
}

TEST(Layout, TrainsAreAClassAmongOthers) {
  EXPECT_THAT(sorted({"bus/1.png", "car/2.png", "train/3.png"}),
              ElementsAre(" bus: bus/1.png", " car: car/2.png", " train: train/3.png"));
  EXPECT_THAT(
      sorted({"bus/red/1.png", "car/old/2.png", "train/fast/3.png"}),
      ElementsAre(" bus/red: bus/red/1.png", " car/old: car/old/2.png", " train/fast: train/fast/3.png"));
}

}  // namespace
}  // namespace belamy
