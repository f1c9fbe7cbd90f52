// Sets of two domains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "data/dataset.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

using samples::write;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string picture(int width, std::vector<std::uint8_t> pixels) {
  const int height = static_cast<int>(pixels.size()) / width;
  return encode_png({width, height, 1, std::move(pixels)});
}

std::string dot(int value) {
  return picture(1, {static_cast<std::uint8_t>(value)});
}

DataOptions options_for(const fs::path& path, const std::string& pairs) {
  DataOptions options;
  options.source = path.string();
  options.pairs = pairs;
  options.holdout = 0;
  return options;
}

std::string error_of(const DataOptions& options) {
  try {
    load_dataset(options, Split::train);
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(Domains, FoldersArePairedByName) {
  TestFolder folder;
  for (const int i : {3, 1, 2}) {
    write(folder / ("A/" + std::to_string(i) + ".png"), dot(i));
    write(folder / ("B/" + std::to_string(i) + ".jpg.png"), dot(100));  // another name
    write(folder / ("B/" + std::to_string(i) + ".pgm"),
          "P5 1 1 255\n" + std::string(1, static_cast<char>(10 * i)));
  }
  write(folder / "A/alone.png", dot(9));
  const auto set = load_dataset(options_for(folder.path(), "folders"), Split::train);
  EXPECT_TRUE(set.paired);
  EXPECT_THAT(set.pixels, ElementsAre(1, 2, 3));
  ASSERT_THAT(set.others, SizeIs(1));
  EXPECT_THAT(set.others[0].pixels, ElementsAre(10, 20, 30));
  EXPECT_TRUE(set.labels.empty()) << "the side is no class";
  ASSERT_FALSE(set.problems.empty());
  EXPECT_THAT(set.problems[0].reason, HasSubstr("no file of that name in 'B'"));
}

// A ':' in a file name is not the ':' between an archive and its member.
TEST(Domains, NamesWithColonsArePairedWhole) {
  TestFolder folder;
  samples::Members members;
  for (int i = 0; i < 8; ++i) {
    members.emplace_back(fmt::format("A/Screenshot 2024-01-01 {:02}:30:10.png", i), dot(i));
    members.emplace_back(fmt::format("B/Screenshot 2024-01-01 {:02}:30:10.png", i), dot(i + 100));
  }
  for (const auto& [name, bytes] : members) write(folder / ("set/" + name), bytes);
  samples::write_archive(folder / "set.zip", members);
  for (const char* name : {"set", "set.zip"}) {
    const auto set = load_dataset(options_for(folder / name, "folders"), Split::train);
    EXPECT_THAT(set.pixels, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7)) << name;
    EXPECT_THAT(set.others.at(0).pixels, ElementsAre(100, 101, 102, 103, 104, 105, 106, 107)) << name;
    EXPECT_TRUE(set.problems.empty());
  }
}

TEST(Domains, OnlyAnEndingIsNoPartOfTheName) {
  TestFolder folder;
  for (const int i : {10, 11}) {
    write(folder / fmt::format("A/08.30.{}", i), dot(i));
    write(folder / fmt::format("B/08.30.{}.png", i), dot(i + 100));
  }
  const auto set = load_dataset(options_for(folder.path(), "folders"), Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(10, 11));
  EXPECT_THAT(set.others.at(0).pixels, ElementsAre(110, 111));
}

TEST(Domains, FoldersWithinDomainsArePartOfTheName) {
  TestFolder folder;
  for (const auto& [side, add] : {std::pair{"A", 0}, {"B", 100}}) {
    write(folder / fmt::format("{}/0.png", side), dot(add));
    write(folder / fmt::format("{}/s1/1.png", side), dot(add + 1));
    write(folder / fmt::format("{}/s2/1.png", side), dot(add + 2));
    write(folder / fmt::format("{}/s{}/2.png", side, add == 0 ? 1 : 2), dot(add + 3));
  }
  auto options = options_for(folder.path(), "folders");
  const auto set = load_dataset(options, Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(0, 1, 2));
  EXPECT_THAT(set.others.at(0).pixels, ElementsAre(100, 101, 102));
  EXPECT_THAT(set.problems, SizeIs(2)) << "s1/2 and s2/2 are no pair";
  options.pairs = "classes";
  options.sides = {"B", "A"};
  EXPECT_THAT(load_dataset(options, Split::train).pixels, ElementsAre(100, 101, 102));
  options.unpaired = true;
  options.pairs = "folders";
  EXPECT_THAT(load_dataset(options, Split::train).pixels, SizeIs(4));
}

TEST(Domains, TwoFilesOfOneNameHaveNoPartner) {
  TestFolder folder;
  for (const char* name : {"A/1.png", "A/1.pgm", "B/1.png", "A/2.png", "B/2.png"})
    write(folder / name, dot(*name));
  const auto set = load_dataset(options_for(folder.path(), "folders"), Split::train);
  EXPECT_EQ(set.count, 1);
  EXPECT_THAT(set.names, ElementsAre(HasSubstr("A/2.png")));
  ASSERT_THAT(set.problems, SizeIs(3));
  EXPECT_THAT(set.problems[0].file, HasSubstr("A/1.pgm"));
  EXPECT_EQ(set.problems[0].reason, "one of 2 files of that name that differ in their endings");
  EXPECT_THAT(set.problems[1].file, HasSubstr("A/1.png"));
  EXPECT_THAT(set.problems[2].file, HasSubstr("B/1.png"));
  EXPECT_EQ(set.problems[2].reason, "2 files of that name in 'A'");
  fs::remove(folder / "A/2.png");
  EXPECT_THAT(error_of(options_for(folder.path(), "folders")),
              HasSubstr("no pairs in 'A' and 'B'; first: " + (folder / "A/1.pgm").string()));
}

TEST(Domains, LabelledFilesArePairedBelowTheirFolder) {
  TestFolder folder;
  for (const auto& [side, add] : {std::pair{"front", 0}, {"left", 100}}) {
    write(folder / fmt::format("{}/s1/1.png", side), dot(add + 1));
    write(folder / fmt::format("{}/s2/1.png", side), dot(add + 2));
  }
  write(
      folder / "dataset.json",
      R"({"labels": [["front/s1/1.png", 0], ["front/s2/1.png", 0], ["left/s1/1.png", 1], ["left/s2/1.png", 1]]})");
  auto options = options_for(folder.path(), "classes");
  options.sides = {"0", "1"};
  const auto set = load_dataset(options, Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(1, 2));
  EXPECT_THAT(set.others.at(0).pixels, ElementsAre(101, 102));
}

TEST(Domains, ImagesOfOneArrayHaveNoNames) {
  TestFolder folder;
  write(folder / "train-images-idx3-ubyte", samples::idx_images(4, 1, 1, "abcd"));
  write(folder / "train-labels-idx1-ubyte", samples::idx_labels(4, std::string("\0\1\0\1", 4)));
  auto options = options_for(folder.path(), "classes");
  options.sides = {"0", "1"};
  EXPECT_THAT(error_of(options), HasSubstr("its images have no file names"));
}

TEST(Domains, AHoldOutTakesPairsTogether) {
  TestFolder folder;
  for (int i = 0; i < 40; ++i) {
    write(folder / fmt::format("A/{:02}.png", i), dot(i));
    write(folder / fmt::format("B/{:02}.png", i), dot(i + 100));
  }
  auto options = options_for(folder.path(), "folders");
  options.holdout = 0.25;
  const auto train = load_dataset(options, Split::train), test = load_dataset(options, Split::test);
  EXPECT_EQ(train.count, 30);
  EXPECT_EQ(test.count, 10);
  for (const auto* set : {&train, &test}) {
    for (std::size_t i = 0; i < set->pixels.size(); ++i)
      EXPECT_EQ(set->others[0].pixels[i], set->pixels[i] + 100);
  }
}

TEST(Domains, ABadFileTakesItsPartnerAlong) {
  TestFolder folder;
  for (int i = 0; i < 4; ++i) {
    write(folder / fmt::format("A/{}.png", i), i == 1 ? "no image" : dot(i));
    write(folder / fmt::format("B/{}.png", i), i == 2 ? "no image" : dot(i + 100));
  }
  const auto set = load_dataset(options_for(folder.path(), "folders"), Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(0, 3));
  EXPECT_THAT(set.others[0].pixels, ElementsAre(100, 103));
}

TEST(Domains, TrainAAndTrainBAreNotPaired) {
  TestFolder folder;
  for (int i = 0; i < 3; ++i) write(folder / fmt::format("trainA/{}.png", i), dot(i));
  for (int i = 0; i < 5; ++i) write(folder / fmt::format("trainB/{}.png", i), dot(100 + i));
  write(folder / "testA/0.png", dot(50));
  write(folder / "testB/0.png", dot(150));
  const auto options = options_for(folder.path(), "folders");
  const auto train = load_dataset(options, Split::train), test = load_dataset(options, Split::test);
  EXPECT_FALSE(train.paired);
  EXPECT_EQ(train.count, 3);
  EXPECT_EQ(train.others.at(0).count, 5);
  EXPECT_THAT(test.pixels, ElementsAre(50));
  EXPECT_THAT(test.others.at(0).pixels, ElementsAre(150));
}

TEST(Domains, ATestDomainAloneIsNamed) {
  TestFolder folder;
  for (const char* name : {"trainA/0.png", "trainA/1.png", "trainB/0.png", "testA/0.png", "testA/1.png"})
    write(folder / name, dot(1));
  const auto set = load_dataset(options_for(folder.path(), "folders"), Split::train);
  ASSERT_THAT(set.problems, SizeIs(1));
  EXPECT_EQ(set.problems[0].reason, "2 images in 'testA' are not read, as there is no 'testB'");
  EXPECT_EQ(set.problems[0].files, 2);
  const auto problems = diagnose(folder.path().string()).problems;
  EXPECT_TRUE(std::any_of(problems.begin(), problems.end(),
                          [&](const Problem& problem) { return problem.reason == set.problems[0].reason; }));
}

TEST(Domains, PicturesAreCutIntoHalves) {
  TestFolder folder;
  write(folder / "0.png", picture(2, {7, 8}));
  write(folder / "1.png", picture(3, {1, 2, 3}));
  const auto set = load_dataset(options_for(folder.path(), "side-by-side"), Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(7));
  EXPECT_THAT(set.others.at(0).pixels, ElementsAre(8));
  EXPECT_TRUE(set.paired);
  ASSERT_FALSE(set.problems.empty());
  EXPECT_THAT(set.problems[0].reason, HasSubstr("cannot be halved"));
}

TEST(Domains, ClassesAreSides) {
  TestFolder folder;
  for (const char* side : {"back", "front", "left"}) {
    for (int i = 0; i < 3; ++i)
      write(folder / fmt::format("{}/{}.png", side, i), dot(i + (*side == 'l' ? 100 : 0)));
  }
  auto options = options_for(folder.path(), "classes");
  EXPECT_THAT(error_of(options), HasSubstr("needs two data.sides"));
  options.sides = {"front", "left"};
  const auto set = load_dataset(options, Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(0, 1, 2));
  EXPECT_THAT(set.others.at(0).pixels, ElementsAre(100, 101, 102));
}

TEST(Domains, SideAIsMadeOfThePicture) {
  TestFolder folder;
  // A white square on black.
  std::vector<std::uint8_t> square(16 * 16, 0);
  for (std::size_t y = 4; y < 12; ++y)
    std::fill_n(square.begin() + static_cast<std::ptrdiff_t>(16 * y + 4), 8, 255);
  write(folder / "0.png", picture(16, square));
  const auto side = [&](const char* pairs) {
    const auto set = load_dataset(options_for(folder.path(), pairs), Split::train);
    EXPECT_EQ(set.others.at(0).pixels, square) << pairs;
    EXPECT_TRUE(set.paired);
    return set;
  };
  const auto edges = side("edges").pixels;
  EXPECT_EQ(edges[16 * 8 + 8], 0) << "inside";
  EXPECT_EQ(edges[16 * 8 + 4], 255) << "on the border";
  EXPECT_EQ(edges[16 * 8 + 1], 0) << "outside";
  EXPECT_EQ(side("masked").pixels[16 * 8 + 8], 128);
  EXPECT_NE(side("low-resolution").pixels, square);
  EXPECT_EQ(side("gray").channels, 1);
}

TEST(Domains, AReducedSideIsSmaller) {
  TestFolder folder;
  for (int i = 0; i < 3; ++i) {
    std::vector<std::uint8_t> plain(16 * 8, static_cast<std::uint8_t>(50 * i));
    write(folder / fmt::format("{}.png", i), picture(16, plain));
  }
  auto options = options_for(folder.path(), "reduced");
  const auto set = load_dataset(options, Split::train);
  EXPECT_TRUE(set.paired);
  EXPECT_EQ(set.width, 4);
  EXPECT_EQ(set.height, 2);
  EXPECT_EQ(set.others.at(0).width, 16);
  EXPECT_THAT(set.pixels, SizeIs(3 * 4 * 2));
  EXPECT_EQ(set.pixels[8], 50);
  options.factor = 2;
  EXPECT_EQ(load_dataset(options, Split::train).width, 8);
  // No size is chosen because the two sides differ.
  const auto same = load_dataset(options, Split::train, {.enlarges = true});
  EXPECT_EQ(options.size, 0);
  EXPECT_EQ(same.others.at(0).width, 16);
  options.factor = 3;
  EXPECT_THAT(error_of(options),
              testing::AllOf(HasSubstr("data.factor=3 does not divide"), HasSubstr("data.size=6")));
}

TEST(Domains, SidesOfTwoSizesKeepThem) {
  TestFolder folder;
  for (int i = 0; i < 3; ++i) {
    write(folder / fmt::format("A/{}.png", i), picture(4, std::vector<std::uint8_t>(8, 9)));
    write(folder / fmt::format("B/{}.png", i), picture(8, std::vector<std::uint8_t>(32, 9)));
  }
  auto options = options_for(folder.path(), "folders");
  const auto set = load_dataset(options, Split::train, {.enlarges = true});
  EXPECT_EQ(options.size, 0);
  EXPECT_EQ(set.width, 4);
  EXPECT_EQ(set.others.at(0).width, 8);
}

TEST(Domains, UnpairedSidesShareNoPairInTraining) {
  TestFolder folder;
  for (std::uint8_t i = 0; i < 20; ++i) write(folder / fmt::format("{:02}.png", i), picture(2, {i, i}));
  auto options = options_for(folder.path(), "side-by-side");
  options.unpaired = true;
  options.holdout = 0.2;
  const auto train = load_dataset(options, Split::train);
  EXPECT_FALSE(train.paired);
  EXPECT_EQ(train.count + train.others.at(0).count, 16);
  for (const auto a : train.pixels) EXPECT_THAT(train.others[0].pixels, testing::Not(testing::Contains(a)));
  EXPECT_TRUE(load_dataset(options, Split::test).paired) << "the test set keeps its pairs, to be measured on";
  options.pairs = "none";
  EXPECT_THAT(error_of(options), HasSubstr("needs pairs"));
}

TEST(Domains, ATargetIsASecondDomain) {
  TestFolder folder;
  for (int i = 0; i < 4; ++i) {
    write(folder / fmt::format("one/{}.png", i), dot(i));
    write(folder / fmt::format("two/{}.png", i), dot(i + 100));
  }
  auto options = options_for(folder / "one", "none");
  options.target = (folder / "two").string();
  options.target_limit = 2;
  const auto set = load_dataset(options, Split::train);
  EXPECT_EQ(set.count, 4);
  EXPECT_EQ(set.others.at(0).count, 2);
  EXPECT_FALSE(set.paired);
  options.pairs = "gray";
  EXPECT_THAT(error_of(options), HasSubstr("already has one"));
}

// Choosing a size looks at both domains first.
TEST(Domains, PointsBesideImagesHoldNoSides) {
  TestFolder folder;
  write(folder / "one/0.png", dot(1));
  auto options = options_for("ring", "folders");
  options.target = (folder / "one").string();
  try {
    load_dataset(options, Split::train, {});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("data.pairs=folders needs images, not points"));
  }
}

TEST(Domains, MatchesNeedTwoClasses) {
  TestFolder folder;
  write(folder / "cat/0.png", dot(1));
  write(folder / "cat/1.png", dot(2));
  write(folder / "dog/0.png", dot(3));
  auto options = options_for(folder.path(), "random");
  EXPECT_TRUE(load_dataset(options, Split::train).matches);
  options.source = (folder / "cat").string();
  EXPECT_THAT(error_of(options), HasSubstr("has no classes"));
}

TEST(Domains, MatchesNeedTwoOfAClass) {
  TestFolder folder;
  for (const auto* name : {"a", "b", "c"}) write(folder / name / "0.png", dot(1));
  auto options = options_for(folder.path(), "random");
  EXPECT_THAT(error_of(options), HasSubstr("has two examples"));
  options.holdout = 0.4;
  EXPECT_TRUE(load_dataset(options, Split::test).matches);  // only training needs pairs of both kinds
  for (const auto* name : {"1.png", "2.png"}) write(folder / "a" / name, dot(1));
  options.holdout = 0;
  EXPECT_THAT(load_dataset(options, Split::train).notes,
              testing::Contains(HasSubstr("have only one example")));
}

TEST(Domains, MatchesOfOneFolderAreOfOneClass) {
  TestFolder folder;
  for (const auto* name : {"0.png", "1.png", "2.png"}) write(folder / "cat" / name, dot(1));
  const auto options = options_for(folder.path(), "random");
  EXPECT_THAT(error_of(options), HasSubstr("are of one class"));
  EXPECT_EQ(load_dataset(options_for(folder.path(), "none"), Split::train).only_class, "cat");
}

TEST(Domains, ALoneOneIsNamed) {
  for (const auto& [there, missing] :
       {std::pair("A", "B"), {"B", "A"}, {"trainA", "trainB"}, {"trainB", "trainA"}}) {
    TestFolder folder;
    for (const auto* name : {"0.png", "1.png"}) write(folder / there / name, dot(1));
    const auto text = fmt::format("a folder '{}' without a folder '{}'", there, missing);
    EXPECT_THAT(error_of(options_for(folder.path(), "folders")), HasSubstr(text));
    EXPECT_THAT(diagnose(folder.path().string()).problems,
                testing::Contains(testing::Field(&Problem::reason, text)));
  }
}

TEST(Domains, FoldersThatAreNoDomainsAreNamed) {
  TestFolder folder;
  write(folder / "cat/0.png", dot(1));
  write(folder / "dog/0.png", dot(3));
  EXPECT_THAT(error_of(options_for(folder.path(), "folders")), HasSubstr("it has cat, dog"));
}

TEST(Domains, GlyphPairsAreOneCharacterInTwoFaces) {
  DataOptions options;
  for (const char* name : {"glyphs-bold", "glyphs-italic", "glyphs-sans"}) {
    options.source = name;
    const auto train = load_dataset(options, Split::train), test = load_dataset(options, Split::test);
    ASSERT_TRUE(train.paired);
    EXPECT_EQ(train.labels, train.others.at(0).labels);
    for (const auto label : train.labels) EXPECT_NE(label % 6, 4) << "held out";
    for (const auto label : test.labels) EXPECT_EQ(label % 6, 4);
    // The images of a pair are more similar than other images.
    const auto distance = [&](std::size_t i, std::size_t j) {
      double sum = 0;
      for (std::size_t p = 0; p < 1024; ++p)
        sum += std::abs(train.pixels[1024 * i + p] - train.others[0].pixels[1024 * j + p]);
      return sum;
    };
    double own = 0, other = 0;
    for (std::size_t i = 0; i < 200; ++i) {
      own += distance(i, i);
      other += distance(i, i + 1);
    }
    EXPECT_LT(own, 0.6 * other) << name;
  }
}

}  // namespace
}  // namespace belamy
