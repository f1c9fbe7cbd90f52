#include "data/pack.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "errors.h"
#include "unit/data/samples.h"
#include "variable.h"

namespace belamy {
namespace {

using samples::write;
using testing::ElementsAre;
using testing::HasSubstr;

// Three colour images in two classes.
DataOptions small_set(const TestFolder& folder) {
  write(folder / "set/cat/1.png", encode_png({2, 2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}));
  write(folder / "set/dog/1.png", encode_png(samples::flat(2, 2, {9, 99, 199})));
  write(folder / "set/dog/2.png", encode_png(samples::flat(2, 2, {8, 88, 188})));
  DataOptions options;
  options.source = (folder / "set").string();
  return options;
}

TEST(Pack, RoundTripKeepsEverything) {
  TestFolder folder;
  DataOptions options = small_set(folder);
  pack_split(options, Split::train, folder / "out.zip");
  options.holdout = 0;
  const Dataset before = load_dataset(options, Split::train);
  options.source = (folder / "out.zip").string();
  const Dataset after = load_dataset(options, Split::train);
  EXPECT_EQ(after.count, 3);
  EXPECT_EQ(after.pixels, before.pixels);
  EXPECT_EQ(after.labels, before.labels);
  EXPECT_EQ(after.class_names, before.class_names);
  EXPECT_TRUE(after.problems.empty());
}

TEST(Pack, SaysWhatIsInTheFile) {
  TestFolder folder;
  auto options = small_set(folder);
  write(folder / "set/dog/3.png", "no image");
  const auto all = pack_split(options, Split::train, folder / "all.zip");
  EXPECT_EQ(all.images, 3);
  EXPECT_FALSE(all.split);
  EXPECT_THAT(all.notes, ElementsAre(HasSubstr("1 of 4 files left out")));
  EXPECT_THAT(message_of(ExitCode::data, [&] { pack_split(options, Split::test, folder / "test.zip"); }),
              HasSubstr("has no test images of its own"));
  std::filesystem::create_directory(folder / "two");
  std::filesystem::rename(folder / "set", folder / "two/train");
  write(folder / "two/test/cat/9.png", encode_png(samples::flat(2, 2, {7, 77, 177})));
  options.source = (folder / "two").string();
  EXPECT_TRUE(pack_split(options, Split::train, folder / "train.zip").split);
  EXPECT_EQ(pack_split(options, Split::test, folder / "test.zip").images, 1);
  options.source = (folder / "test.zip").string();
  options.holdout = 0;
  EXPECT_THAT(load_dataset(options, Split::train).pixels,
              ElementsAre(7, 7, 7, 7, 77, 77, 77, 77, 177, 177, 177, 177));
}

TEST(Pack, RefusesPairs) {
  TestFolder folder;
  auto options = small_set(folder);
  const auto refused = [&] {
    return message_of(ExitCode::usage, [&] { pack_split(options, Split::train, folder / "out.zip"); });
  };
  options.pairs = "folders";
  EXPECT_THAT(refused(), HasSubstr("pairs and second domains cannot be packed"));
  options.pairs = "none";
  options.target = options.source;
  EXPECT_THAT(refused(), HasSubstr("leave data.pairs at none and data.target empty"));
  options.target = "";
  options.source = "glyphs-bold";
  EXPECT_THAT(refused(), HasSubstr("train with its name"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out.zip"));
}

TEST(Pack, SameImagesSameBytes) {
  TestFolder folder;
  const DataOptions options = small_set(folder);
  pack_split(options, Split::train, folder / "a.zip");
  {
    const Variable zone("TZ", "Asia/Tokyo");
    tzset();
    pack_split(options, Split::train, folder / "b.zip");
  }
  tzset();
  EXPECT_EQ(samples::read(folder / "a.zip"), samples::read(folder / "b.zip"));
}

TEST(Pack, HasTheLayoutOfStyleGan) {
  TestFolder folder;
  pack_split(small_set(folder), Split::train, folder / "out.zip");
  const std::string bytes = samples::read(folder / "out.zip");
  EXPECT_THAT(bytes, HasSubstr("00000/img00000002.png"));
  EXPECT_THAT(bytes, HasSubstr(R"({"labels":[["00000/img00000000.png",0],["00000/img00000001.png",1],)"));
}

TEST(Pack, AFailureLeavesNothingAndKeepsTheOld) {
  TestFolder folder;
  DataOptions options = small_set(folder);
  try {
    pack_split(options, Split::train, folder / "missing/out.zip");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::storage) << error.what();
  }
  // A folder in the way of the final rename.
  write(folder / "out.zip/file", "x");
  write(folder / "out.zip.tmp", "the user's own");
  EXPECT_THROW(pack_split(options, Split::train, folder / "out.zip"), Error);
  EXPECT_EQ(samples::read(folder / "out.zip/file"), "x");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, testing::UnorderedElementsAre("out.zip", "set", "out.zip.tmp"));
  EXPECT_EQ(samples::read(folder / "out.zip.tmp"), "the user's own");
}

}  // namespace
}  // namespace belamy
