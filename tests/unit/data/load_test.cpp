// What load_dataset does with any source: hold-out, limit, size, channels, notes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "belamy/error.h"

#include "data/dataset.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;
using samples::flat;
using samples::TemporaryFolder;
using samples::write;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Images of one pixel with values 0 .. count - 1.
std::string dots(int count) {
  std::string pixels;
  for (int i = 0; i < count; ++i) pixels.push_back(static_cast<char>(i));
  return samples::idx_images(count, 1, 1, pixels);
}

DataOptions options_for(const fs::path& path) {
  DataOptions options;
  options.source = path.string();
  return options;
}

std::string error_of(const DataOptions& options, ExitCode code, Split split = Split::train) {
  try {
    load_dataset(options, split);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

TEST(HoldOut, IsSeededDisjointAndComplete) {
  TemporaryFolder folder;
  write(folder / "images-idx3-ubyte", dots(200));
  DataOptions options = options_for(folder / "images-idx3-ubyte");
  const auto train = load_dataset(options, Split::train).pixels,
             test = load_dataset(options, Split::test).pixels;
  EXPECT_EQ(train.size(), 180u);
  EXPECT_EQ(test.size(), 20u);
  std::set<int> all(train.begin(), train.end());
  all.insert(test.begin(), test.end());
  EXPECT_EQ(all.size(), 200u);
  EXPECT_TRUE(std::is_sorted(train.begin(), train.end()));
  EXPECT_EQ(load_dataset(options, Split::test).pixels, test);
  options.seed = 2;
  EXPECT_NE(load_dataset(options, Split::test).pixels, test);
}

TEST(HoldOut, NoneWanted) {
  TemporaryFolder folder;
  write(folder / "images-idx3-ubyte", dots(10));
  DataOptions options = options_for(folder / "images-idx3-ubyte");
  options.holdout = 0;
  EXPECT_EQ(load_dataset(options, Split::train).count, 10);
  EXPECT_THAT(error_of(options, ExitCode::data, Split::test), HasSubstr("data.holdout keeps none"));
}

TEST(Limit, IsASeededChoiceOfTheTrainingImages) {
  TemporaryFolder folder;
  write(folder / "images-idx3-ubyte", dots(200));
  DataOptions options = options_for(folder / "images-idx3-ubyte");
  const auto test = load_dataset(options, Split::test).pixels;
  options.limit = 30;
  const auto train = load_dataset(options, Split::train).pixels;
  EXPECT_EQ(train.size(), 30u);
  EXPECT_GT(train.back(), 100);  // not simply the first ones
  EXPECT_EQ(load_dataset(options, Split::train).pixels, train);
  EXPECT_EQ(load_dataset(options, Split::test).pixels, test);
  for (const auto value : train) EXPECT_EQ(std::count(test.begin(), test.end(), value), 0);
  options.limit = 1000;
  EXPECT_EQ(load_dataset(options, Split::train).count, 180);
}

TEST(Fitting, SaysWhatItDid) {
  TemporaryFolder folder;
  const auto note = [&](const Image& image, std::int64_t size, std::int64_t channels,
                        const std::string& fit) {
    write(folder / "set/1.png", encode_png(image));
    DataOptions options = options_for(folder / "set");
    options.size = size;
    options.channels = channels;
    options.fit = fit;
    options.holdout = 0;
    const Dataset set = load_dataset(options, Split::train);
    EXPECT_EQ(set.width, size > 0 ? size : image.width);
    EXPECT_EQ(set.channels, channels > 0 ? channels : image.channels);
    return set.notes.empty() ? "" : set.notes[0];
  };
  EXPECT_EQ(note(flat(105, 105, {9}), 32, 1, "crop"), "105x105 gray -> 32x32 gray, antialiased");
  EXPECT_EQ(note(flat(28, 28, {9}), 32, 0, "pad"), "28x28 gray -> 32x32 gray, padded");
  EXPECT_EQ(note(flat(28, 28, {9}), 32, 0, "crop"), "28x28 gray -> 32x32 gray, enlarged");
  EXPECT_EQ(note(flat(40, 20, {9, 8, 7}), 8, 1, "crop"), "40x20 colour -> 8x8 gray, cropped, antialiased");
  EXPECT_EQ(note(flat(40, 20, {9}), 8, 3, "pad"), "40x20 gray -> 8x8 colour, padded, antialiased");
  EXPECT_EQ(note(flat(40, 20, {9}), 8, 3, "stretch"), "40x20 gray -> 8x8 colour, stretched, antialiased");
  EXPECT_EQ(note(flat(8, 8, {9}), 8, 1, "crop"), "");
  EXPECT_EQ(note(flat(40, 20, {9}), 0, 0, "crop"), "");
}

TEST(Fitting, PixelsArePlanar) {
  TemporaryFolder folder;
  write(folder / "set/1.png", encode_png({2, 1, 3, {1, 2, 3, 4, 5, 6}}));
  DataOptions options = options_for(folder / "set");
  options.holdout = 0;
  const Dataset set = load_dataset(options, Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(set.image(0).pixels, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Fitting, ImagesThatDiffer) {
  TemporaryFolder folder;
  write(folder / "set/1.png", encode_png(flat(4, 4, {9})));
  write(folder / "set/2.png", encode_png(flat(6, 3, {9})));
  DataOptions options = options_for(folder / "set");
  options.holdout = 0;
  const std::string text = error_of(options, ExitCode::data);
  EXPECT_THAT(text, HasSubstr("1.png is 4x4 gray"));
  EXPECT_THAT(text, HasSubstr("2.png is 6x3 gray"));
  EXPECT_THAT(text, HasSubstr("Set data.size"));
  options.size = 4;
  const Dataset set = load_dataset(options, Split::train);
  EXPECT_EQ(set.count, 2);
  EXPECT_THAT(set.notes, ElementsAre("4x4 to 6x3 gray -> 4x4 gray, cropped, enlarged"));
  write(folder / "set/2.png", encode_png(flat(4, 4, {9, 9, 9})));
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("Set data.channels to 1"));
}

TEST(Fitting, WrongSettings) {
  DataOptions options = options_for("glyphs");
  options.channels = 2;
  EXPECT_THAT(error_of(options, ExitCode::usage), HasSubstr("data.channels = 2"));
  options.channels = 1;
  options.fit = "squash";
  EXPECT_THAT(error_of(options, ExitCode::usage), HasSubstr("crop, pad, stretch"));
}

TEST(Points, TrainAndTestAreDrawnApart) {
  DataOptions options = options_for("ring");
  options.limit = 100;
  const Dataset train = load_dataset(options, Split::train), test = load_dataset(options, Split::test);
  EXPECT_FALSE(train.is_images());
  EXPECT_EQ(train.count, 100);
  EXPECT_GT(test.count, 100);
  EXPECT_NE(train.points[0], test.points[0]);
}

}  // namespace
}  // namespace belamy
