#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "belamy/error.h"

#include "data/dataset.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

using samples::flat;
using samples::write;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

Image noise(int side, unsigned seed) {
  Image image{side, side, 1, {}};
  for (int i = 0; i < side * side; ++i) image.pixels.push_back((seed = seed * 1103515245 + 12345) >> 16);
  return image;
}

auto problem(const std::string& file, const std::string& reason) {
  return AllOf(Field(&Problem::file, HasSubstr(file)), Field(&Problem::reason, HasSubstr(reason)));
}

TEST(Doctor, FindsEverythingInOneGo) {
  TestFolder folder;
  for (unsigned i = 0; i < 6; ++i) {
    write(folder / fmt::format("set/cat/{}.png", i), encode_png(noise(16, i)));
    write(folder / fmt::format("set/dog/{}.png", i), encode_png(noise(24, i + 10)));
  }
  write(folder / "set/cat/again.png", encode_png(noise(16, 3)));
  write(folder / "set/cat/blank.png", encode_png(flat(16, 16, {255})));
  write(folder / "set/cat/icon.png", encode_png(noise(4, 99)));
  write(folder / "set/cat/cut.png", encode_png(noise(16, 7)).substr(0, 60));
  write(folder / "set/cat/page.png", "<html>");
  write(folder / "set/eel/1.png", encode_png(noise(16, 50)));
  const Diagnosis found = diagnose((folder / "set").string());
  EXPECT_EQ(found.files, 18);
  EXPECT_EQ(found.good, 16);
  EXPECT_EQ(found.problems.size(), 5u);
  EXPECT_THAT(found.problems, Contains(problem("blank.png", "one colour")));
  EXPECT_THAT(found.problems, Contains(problem("icon.png", "tiny: 4x4 gray")));
  EXPECT_THAT(found.problems, Contains(problem("cut.png", "damaged PNG")));
  EXPECT_THAT(found.problems, Contains(problem("page.png", "not an image")));
  EXPECT_THAT(found.problems, Contains(problem("class eel", "only 1 image")));
  EXPECT_THAT(found.facts, Contains("all: 16 images"));
  EXPECT_THAT(found.facts, Contains("all: 9 of 16x16 gray"));
  EXPECT_THAT(found.facts, Contains("all: 3 classes of 1 (eel) to 9 (cat) images"));
  EXPECT_THAT(found.facts,
              Contains("all: the images differ in size: training makes them 16x16, unless data.size is set"));
  EXPECT_THAT(found.facts, Contains("all: 1 image repeats another one"));
  // What can be seen is shown.
  std::map<std::string, std::string> shown;
  for (const auto& each : found.pictures) {
    shown[std::filesystem::path(each.file).filename().string()] = each.reason;
    EXPECT_GT(each.image.pixels.size(), 0u);
  }
  EXPECT_EQ(shown.size(), 3u);
  EXPECT_THAT(shown["again.png"] + shown["3.png"], HasSubstr("repeats "));  // whichever was read later
  EXPECT_THAT(shown["blank.png"], HasSubstr("one colour"));
  EXPECT_THAT(shown["icon.png"], HasSubstr("tiny"));
}

TEST(Doctor, ShowsFewAndSmallPictures) {
  TestFolder folder;
  for (unsigned i = 0; i < 40; ++i)
    write(folder / fmt::format("set/{:02}.png", i),
          encode_png(flat(300, 200, {static_cast<std::uint8_t>(100 + i)})));
  const Diagnosis found = diagnose((folder / "set").string());
  EXPECT_EQ(found.problems.size(), 40u);
  ASSERT_EQ(found.pictures.size(), 24u);
  EXPECT_EQ(found.pictures[0].image.width, 96);
  EXPECT_EQ(found.pictures[0].image.height, 64);
}

TEST(Doctor, SaysWhatATrainingDoesWithTheImages) {
  TestFolder folder;
  write(folder / "cat/1.png", encode_png(noise(16, 1)));
  write(folder / "cat/2.png", encode_png({16, 16, 3, std::vector<std::uint8_t>(768, 9)}));
  const auto facts = diagnose(folder.path().string()).facts;
  EXPECT_THAT(facts,
              Contains("all: some are gray: training makes all of them colour, unless data.channels is set"));
  EXPECT_THAT(facts,
              Contains("all: all images are of one class, 'cat': put each class into a folder of its own"));
  write(folder / "dog/3.png", encode_png(noise(16, 2)));
  std::filesystem::remove(folder / "cat/2.png");
  EXPECT_THAT(diagnose(folder.path().string()).facts, Contains(HasSubstr("no class has two images")));
}

TEST(Doctor, ADamagedPartDoesNotHideTheOther) {
  TestFolder folder;
  const auto image = noise(16, 1).pixels;
  write(folder / "train-images-idx3-ubyte", samples::idx_images(9000, 16, 16, "abc"));
  write(folder / "t10k-images-idx3-ubyte",
        samples::idx_images(1, 16, 16, std::string(image.begin(), image.end())));
  const Diagnosis found = diagnose(folder.path().string());
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_THAT(found.problems[0].reason, HasSubstr("the header says 9000 x 16 x 16"));
  EXPECT_THAT(found.facts, Contains("test: 1 image"));
}

TEST(Doctor, SeesTestImagesInTheTrainingSet) {
  TestFolder folder;
  for (unsigned i = 0; i < 6; ++i) {
    write(folder / fmt::format("set/train/{}.png", i), encode_png(noise(16, i)));
    write(folder / fmt::format("set/test/{}.png", i), encode_png(noise(16, i + 4)));
  }
  const Diagnosis found = diagnose((folder / "set").string());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_THAT(found.facts, Contains("train: 6 images"));
  EXPECT_THAT(found.facts, Contains("test: 2 images are in the training set as well"));
}

// The doctor lists what a training leaves out.
TEST(Doctor, SaysWhatTrainingSays) {
  TestFolder folder;
  const auto put = [&](const std::string& name, unsigned seed) {
    write(folder / name, encode_png(noise(16, seed)));
  };
  for (unsigned i = 0; i < 6; ++i) {
    unsigned seed = 10 * i;
    for (const char* part :
         {"train/cat", "train/dog", "test/cat", "test/dog", "val/cat", "val/dog", "predict"})
      put(fmt::format("{}/{}.png", part, i), ++seed);
  }
  put("sample.png", 100);
  put("train/loose.png", 101);
  std::filesystem::create_directory(folder / "train/eel");
  for (const char* part : {"train", "test", "val"})
    write(folder / fmt::format("{}/cat/bad.png", part), "<html>");
  const Diagnosis found = diagnose(folder.path().string());
  DataOptions options;
  options.source = folder.path().string();
  std::set<std::string> said, listed;
  for (const auto split : {Split::train, Split::validation, Split::test}) {
    for (const auto& each : load_dataset(options, split).problems)
      said.insert(each.file + ": " + each.reason);
  }
  for (const auto& each : found.problems) listed.insert(each.file + ": " + each.reason);
  EXPECT_EQ(said, listed);
  EXPECT_EQ(found.problems.size(), 7u);
  EXPECT_EQ(found.good, 36);
  EXPECT_EQ(found.files, 36 + 3 + 6 + 2) << "good, bad, for prediction, without a class or split";
  EXPECT_THAT(found.facts, Contains("validation: 12 images"));
}

TEST(Doctor, TakesNoLettersForDomains) {
  for (const auto& fact : diagnose("glyphs").facts) EXPECT_THAT(fact, testing::Not(HasSubstr("data.pairs")));
}

TEST(Doctor, TakesClassesNamedByLettersForClasses) {
  TestFolder folder;
  unsigned seed = 0;
  for (const auto& [name, count] : {std::pair{"a", 6}, {"b", 7}, {"c", 8}, {"d", 9}}) {
    for (int i = 0; i < count; ++i)
      write(folder / fmt::format("{}/i{}.png", name, i), encode_png(noise(16, ++seed)));
  }
  const auto found = diagnose(folder.path().string());
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_THAT(found.facts,
              Contains("a and b share 6 file names: if these are pairs, use data.pairs=folders"));
}

// Doctor and training both give this reason why a test split does not fit.
void expect_misfit(const std::filesystem::path& source, const std::string& reason) {
  SCOPED_TRACE(reason);
  EXPECT_THAT(diagnose(source.string()).problems, Contains(problem("", reason)));
  DataOptions options;
  options.source = source.string();
  EXPECT_THAT(load_dataset(options, Split::train, {}).notes, Contains(HasSubstr(reason)));
}

TEST(Doctor, NamesATestSplitThatDoesNotFit) {
  TestFolder folder;
  const auto idx = [&](const std::string& name, int side, int count, const std::string& labels) {
    std::string pixels;
    for (int i = 0; i < count; ++i) {
      const auto image = noise(side, static_cast<unsigned>(i));
      pixels.append(image.pixels.begin(), image.pixels.end());
    }
    const auto size = static_cast<std::uint32_t>(side), images = static_cast<std::uint32_t>(count);
    write(folder / (name + "-images-idx3-ubyte"), samples::idx_images(images, size, size, pixels));
    std::filesystem::remove(folder / (name + "-labels-idx1-ubyte"));
    if (!labels.empty()) write(folder / (name + "-labels-idx1-ubyte"), samples::idx_labels(images, labels));
  };
  const std::string two("\0\1\0\1\0\1\0\1\0\1", 10);
  idx("set/train", 16, 10, two);
  idx("set/t10k", 16, 10, two);
  EXPECT_THAT(diagnose((folder / "set").string()).problems, IsEmpty());
  idx("set/t10k", 8, 10, two);
  expect_misfit(folder / "set", "not all test images are 16x16, as the training images are");
  idx("set/t10k", 16, 2, "\1\4");
  expect_misfit(folder / "set", "3 classes of the test images are not in training: 2, 3, 4");
  idx("set/t10k", 16, 2, "");
  expect_misfit(folder / "set", "the training images have classes, but the test images have none");
  for (int i = 0; i < 6; ++i) {
    write(folder / fmt::format("files/train/{}.png", i), encode_png(noise(16, static_cast<unsigned>(i))));
    write(folder / fmt::format("files/test/{}.png", i), encode_png(convert_channels(noise(16, 90), 3)));
  }
  expect_misfit(folder / "files", "some test images are in colour, but the training images are gray");
}

TEST(Doctor, NamesDarkImagesAsATrainingDoes) {
  TestFolder folder;
  const auto reasons = [&](int brightest) {
    for (unsigned i = 0; i < 6; ++i) {
      auto image = noise(16, i);
      for (auto& value : image.pixels)
        value = static_cast<std::uint8_t>(value * (i == 5 ? brightest : 9) / 255);
      write(folder / fmt::format("set/{}.png", i), encode_png(image));
    }
    const Diagnosis found = diagnose((folder / "set").string());
    DataOptions options;
    options.source = (folder / "set").string();
    options.holdout = 0;
    const auto notes = load_dataset(options, Split::train).notes;
    EXPECT_EQ(notes.size(), found.problems.size());
    for (std::size_t i = 0; i < notes.size(); ++i)
      EXPECT_EQ(notes[i], found.problems[i].reason + "; " + found.problems[i].cure);
    return found.problems;
  };
  EXPECT_THAT(reasons(16), testing::ElementsAre(problem("set", "no value of any image is above 16 of 255")));
  EXPECT_THAT(reasons(60), testing::ElementsAre(problem("set", "almost black")));
  EXPECT_THAT(reasons(80), IsEmpty());
}

TEST(Doctor, CountsClassesWithoutAnImage) {
  TestFolder folder;
  std::string pixels, labels;
  for (unsigned i = 0; i < 20; ++i) {
    const auto image = noise(16, i).pixels;
    pixels.append(image.begin(), image.end());
    labels.push_back(static_cast<char>(i % 2 * 90));
  }
  write(folder / "images-idx3-ubyte", samples::idx_images(20, 16, 16, pixels));
  write(folder / "labels-idx1-ubyte", samples::idx_labels(20, labels));
  EXPECT_THAT(diagnose(folder.path().string()).problems,
              testing::ElementsAre(problem("images-idx3-ubyte",
                                           "89 of 91 classes have no training image: 1, 2, 3, 4, 5, ...")));
}

TEST(Doctor, JudgesClassesByTheirTrainingImages) {
  TestFolder folder;
  unsigned seed = 0;
  for (const char* name : {"cat", "dog"}) {
    for (int i = 0; i < 8; ++i)
      write(folder / fmt::format("set/train/{}/{}.png", name, i), encode_png(noise(16, ++seed)));
  }
  for (const char* name : {"cat", "dog", "emu"})
    write(folder / fmt::format("set/test/{}/0.png", name), encode_png(noise(16, ++seed)));
  const auto problems = diagnose((folder / "set").string()).problems;
  ASSERT_THAT(problems, testing::ElementsAre(problem("set", "1 of 3 classes has no training image: emu")));
  EXPECT_THAT(problems[0].cure, HasSubstr("add training images"));
}

TEST(Doctor, SaysWhatValuesWereTakenFor) {
  TestFolder folder;
  std::string pixels;
  for (unsigned i = 0; i < 256; ++i) pixels.push_back(static_cast<char>(i * i / 7 % 2));
  write(folder / "images-idx3-ubyte", samples::idx_images(1, 16, 16, pixels));
  EXPECT_THAT(diagnose(folder.path().string()).facts,
              Contains("all: values 0 and 1 taken as black and white"));
}

TEST(Doctor, ExplainsFoldersOfPairs) {
  TestFolder folder;
  for (unsigned i = 0; i < 6; ++i) {
    write(folder / fmt::format("set/A/{}.png", i), encode_png(noise(16, i)));
    write(folder / fmt::format("set/B/{}.png", i), encode_png(noise(16, i + 20)));
    write(folder / fmt::format("loose/trainA/{}.png", i), encode_png(noise(16, i)));
    write(folder / fmt::format("loose/testB/{}.png", i), encode_png(noise(16, i + 20)));
  }
  write(folder / "set/B/alone.png", encode_png(noise(16, 50)));
  const Diagnosis pairs = diagnose((folder / "set").string());
  EXPECT_THAT(pairs.facts, Contains("6 pairs in A and B: data.pairs=folders"));
  EXPECT_THAT(pairs.problems, Contains(problem("alone.png", "no file of that name in 'A'")));
  const Diagnosis loose = diagnose((folder / "loose").string());
  EXPECT_THAT(loose.problems, Contains(problem("loose", "a folder 'trainA' without a folder 'trainB'")));
}

}  // namespace
}  // namespace belamy
