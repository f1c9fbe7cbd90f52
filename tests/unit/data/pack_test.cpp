#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "data/dataset.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

using samples::TemporaryFolder;
using samples::write;
using testing::ElementsAre;
using testing::HasSubstr;

// Three colour images in two classes.
DataOptions small_set(const TemporaryFolder& folder) {
  write(folder / "set/cat/1.png", encode_png({2, 2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}));
  write(folder / "set/dog/1.png", encode_png(samples::flat(2, 2, {9, 99, 199})));
  write(folder / "set/dog/2.png", encode_png(samples::flat(2, 2, {8, 88, 188})));
  DataOptions options;
  options.source = (folder / "set").string();
  return options;
}

TEST(Pack, RoundTripKeepsEverything) {
  TemporaryFolder folder;
  DataOptions options = small_set(folder);
  pack_dataset(options, folder / "out.zip");
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

TEST(Pack, SameImagesSameBytes) {
  TemporaryFolder folder;
  const DataOptions options = small_set(folder);
  pack_dataset(options, folder / "a.zip");
  setenv("TZ", "Asia/Tokyo", 1);
  tzset();
  pack_dataset(options, folder / "b.zip");
  unsetenv("TZ");
  tzset();
  EXPECT_EQ(samples::read(folder / "a.zip"), samples::read(folder / "b.zip"));
}

TEST(Pack, HasTheLayoutOfStyleGan) {
  TemporaryFolder folder;
  pack_dataset(small_set(folder), folder / "out.zip");
  const std::string bytes = samples::read(folder / "out.zip");
  EXPECT_THAT(bytes, HasSubstr("00000/img00000002.png"));
  EXPECT_THAT(bytes, HasSubstr(R"({"labels":[["00000/img00000000.png",0],["00000/img00000001.png",1],)"));
}

TEST(Pack, AFailureLeavesNothingAndKeepsTheOld) {
  TemporaryFolder folder;
  DataOptions options = small_set(folder);
  try {
    pack_dataset(options, folder / "missing/out.zip");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::storage) << error.what();
  }
  // A folder in the way of the final rename.
  write(folder / "out.zip/file", "x");
  write(folder / "out.zip.tmp", "the user's own");
  EXPECT_THROW(pack_dataset(options, folder / "out.zip"), Error);
  EXPECT_EQ(samples::read(folder / "out.zip/file"), "x");
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
    left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, testing::UnorderedElementsAre("out.zip", "set", "out.zip.tmp"));
  EXPECT_EQ(samples::read(folder / "out.zip.tmp"), "the user's own");
}

}  // namespace
}  // namespace belamy
