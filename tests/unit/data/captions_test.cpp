// Captions: their sources, and their words as numbers.
#include "data/captions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "data/dataset.h"
#include "data/pack.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

using samples::write;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Dataset load_captions(const std::filesystem::path& path, Split split = Split::train, double holdout = 0) {
  DataOptions options;
  options.source = path.string();
  options.holdout = holdout;
  return load_dataset(options, split);
}

void write_pictures(const std::filesystem::path& folder, int count) {
  for (int i = 0; i < count; ++i) {
    Image picture{1, 1, 1, {}};
    picture.pixels.push_back(static_cast<std::uint8_t>(i));
    write(folder / fmt::format("{}.png", i), encode_png(picture));
  }
}

TEST(Captions, Words) {
  EXPECT_THAT(words_of("A small, RED bird -- it's  2 cm.\nÜber"),
              ElementsAre("a", "small", "red", "bird", "it's", "2", "cm", "Über"));
  EXPECT_THAT(words_of(" .,- "), IsEmpty());
}

TEST(Captions, AVocabularyIsByFrequencyThenByAlphabet) {
  const std::vector<std::string> captions = {"a red bird", "a blue bird", "a tree"};
  const auto vocabulary = vocabulary_of(captions);
  EXPECT_THAT(vocabulary, ElementsAre("", "<unknown>", "a", "bird", "blue", "red", "tree"));
  EXPECT_THAT(vocabulary_of({}), IsEmpty());
  const auto tokens = tokens_of({"A red tree", "a Zebra", ""}, vocabulary);
  EXPECT_EQ(tokens.length, 3);
  EXPECT_THAT(tokens.numbers, ElementsAre(2, 5, 6, 2, 1, 0, 0, 0, 0));
  // Captions longer than 64 words are cut.
  std::string all;
  for (int i = 0; i < 70; ++i) all += fmt::format("word{} ", i);
  EXPECT_EQ(tokens_of({all}, vocabulary_of({all})).length, 64);
  EXPECT_EQ(describe_captions(captions), "captions of 2 to 3 words, 5 different words");
}

TEST(Captions, OfATable) {
  TestFolder folder;
  write_pictures(folder / "set", 3);
  write(folder / "set/attributes.csv",
        "file,red,Caption\n2.png,1,\"red, round\"\n0.png,0,green\n1.png,0,A blue one\n");
  const auto set = load_captions(folder / "set");
  EXPECT_THAT(set.captions, ElementsAre("green", "A blue one", "red, round"));
  EXPECT_THAT(set.attribute_names, ElementsAre("red"));
  EXPECT_THAT(set.attributes, ElementsAre(0, 0, 1));
  // Captions alone make a table as well, under any name.
  std::filesystem::remove(folder / "set/attributes.csv");
  write(folder / "set/metadata.csv", "file_name,caption\n2.png,c\n0.png,a\n1.png,b\n");
  EXPECT_THAT(load_captions(folder / "set").captions, ElementsAre("a", "b", "c"));
  EXPECT_THAT(diagnose((folder / "set").string()).facts,
              Contains("all: captions of 1 to 1 word, 3 different words"));
  write(folder / "set/attributes.csv", "file,caption\n2.png,\n");
  try {
    load_captions(folder / "set");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("attributes.csv: line 2: an empty caption"));
  }
}

TEST(Captions, OfTextsBesideThePictures) {
  TestFolder folder;
  write_pictures(folder / "set", 4);
  write(folder / "set/README.txt", "about");
  write(folder / "set/0.txt", "zero\n");
  write(folder / "set/1.txt", "one");
  EXPECT_THAT(load_captions(folder / "set").captions, IsEmpty()) << "half of them are not most";
  write(folder / "set/3.txt", "three, and\nmore");
  const auto set = load_captions(folder / "set");
  EXPECT_THAT(set.captions, ElementsAre("zero\n", "one", "", "three, and\nmore"));
  EXPECT_THAT(set.pixels, ElementsAre(0, 1, 2, 3)) << "a picture without a caption is still a picture";
  EXPECT_THAT(set.problems, IsEmpty());
  EXPECT_THAT(set.notes, Contains(HasSubstr("1 of 4 images has no caption")));
  // A table takes precedence.
  write(folder / "set/attributes.csv", "file,caption\n0.png,a\n1.png,b\n2.png,c\n3.png,d\n");
  EXPECT_THAT(load_captions(folder / "set").captions, ElementsAre("a", "b", "c", "d"));
}

TEST(Captions, TextsThatAreNoneAreNamed) {
  TestFolder folder;
  write_pictures(folder / "set", 4);
  const auto with = [&](int count, const std::string& text) {
    for (int i = 0; i < count; ++i) write(folder / fmt::format("set/{}.txt", i), text);
    return load_captions(folder / "set");
  };
  EXPECT_THAT(with(2, "a bird").notes,
              Contains("2 texts beside images are not read as captions; more than half of "
                       "the 4 images need one"));
  const auto boxes = with(4, "0 0.51 0.44\n");
  EXPECT_THAT(boxes.captions, IsEmpty());
  EXPECT_THAT(boxes.notes, Contains("4 texts beside images are without a word and not read as captions"));
  const auto wide = with(4, std::string("\xff\xfe"
                                        "a\0",
                                        4));
  EXPECT_THAT(wide.captions, IsEmpty());
  EXPECT_THAT(wide.notes, Contains("4 texts beside images are in UTF-16 and not read; save as UTF-8"));
}

TEST(Captions, GoWithTheirPictures) {
  TestFolder folder;
  write_pictures(folder / "set", 8);
  std::string table = "file,caption\n";
  for (int i = 0; i < 8; ++i) table += fmt::format("{0}.png,picture {0}\n", i);
  write(folder / "set/attributes.csv", table);
  const auto expect_own = [](const Dataset& set, std::int64_t count) {
    EXPECT_EQ(set.count, count);
    ASSERT_EQ(set.captions.size(), static_cast<std::size_t>(set.count));
    for (std::size_t i = 0; i < set.captions.size(); ++i)
      EXPECT_EQ(set.captions[i], fmt::format("picture {}", set.pixels[i]));
  };
  const auto all = load_captions(folder / "set");
  expect_own(all, 8);
  expect_own(load_captions(folder / "set", Split::test, 0.25), 2);
  auto some = subset(all, {5, 2});
  append(some, subset(all, {7}));
  expect_own(some, 3);
  auto other = all;
  other.captions[3] = "another";
  EXPECT_NE(digest_of(other), digest_of(all));
  DataOptions options;
  options.source = (folder / "set").string();
  pack_split(options, Split::train, folder / "out.zip");
  expect_own(load_captions(folder / "out.zip"), 8);
}

}  // namespace
}  // namespace belamy
