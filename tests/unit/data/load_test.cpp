// What load_dataset does with any source: hold-out, limit, size, channels, notes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "data/dataset.h"
#include "errors.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;
using samples::flat;
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
  return message_of(code, [&] { load_dataset(options, split); });
}

TEST(HoldOut, IsSeededDisjointAndComplete) {
  TestFolder folder;
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
  TestFolder folder;
  write(folder / "images-idx3-ubyte", dots(10));
  DataOptions options = options_for(folder / "images-idx3-ubyte");
  options.holdout = 0;
  EXPECT_EQ(load_dataset(options, Split::train).count, 10);
  EXPECT_THAT(error_of(options, ExitCode::data, Split::test), HasSubstr("data.holdout keeps none"));
}

TEST(Limit, IsASeededChoiceOfTheTrainingImages) {
  TestFolder folder;
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

TEST(Validation, IsKeptAsideFromTrainingAlone) {
  TestFolder folder;
  write(folder / "images-idx3-ubyte", dots(200));
  DataOptions options = options_for(folder / "images-idx3-ubyte");
  EXPECT_THAT(error_of(options, ExitCode::data, Split::validation), HasSubstr("data.validation keeps none"));
  const auto test = load_dataset(options, Split::test).pixels;
  options.validation = 50;
  const auto train = load_dataset(options, Split::train).pixels,
             kept = load_dataset(options, Split::validation).pixels;
  EXPECT_EQ(load_dataset(options, Split::test).pixels, test);
  EXPECT_EQ(kept.size(), 50u);
  std::set<int> all(train.begin(), train.end());
  all.insert(kept.begin(), kept.end());
  all.insert(test.begin(), test.end());
  EXPECT_EQ(all.size(), 200u);
  EXPECT_EQ(train.size() + kept.size() + test.size(), 200u);
  options.limit = 20;  // of what is left for training
  EXPECT_EQ(load_dataset(options, Split::validation).pixels, kept);
  for (const auto value : load_dataset(options, Split::train).pixels)
    EXPECT_EQ(std::count(kept.begin(), kept.end(), value), 0);
  options.validation = 180;
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("leaves nothing of 180 training images"));
}

TEST(Validation, OfTheSourceItselfComesFirst) {
  TestFolder folder;
  write(folder / "set/x_train-images-idx3-ubyte", samples::idx_images(4, 1, 1, "abcd"));
  write(folder / "set/x_valid-images-idx3-ubyte", samples::idx_images(2, 1, 1, "ef"));
  write(folder / "set/x_test-images-idx3-ubyte", samples::idx_images(1, 1, 1, "g"));
  DataOptions options = options_for(folder / "set");
  options.validation = 2;
  EXPECT_EQ(load_dataset(options, Split::train).count, 4);
  EXPECT_THAT(load_dataset(options, Split::validation).pixels, ElementsAre('e', 'f'));
  EXPECT_THAT(load_dataset(options, Split::test).pixels, ElementsAre('g'));
  for (const std::string part : {"train", "val", "test"}) {
    const std::uint8_t gray = part == "val" ? 7 : 3;
    write(folder / ("files/" + part + "/a/1.png"), encode_png(flat(2, 2, {gray})));
  }
  options = options_for(folder / "files");
  EXPECT_EQ(load_dataset(options, Split::validation).pixels[0], 7);
  EXPECT_EQ(load_dataset(options, Split::train).count, 1);
}

// Images of one pixel: 0 .. count - 1, with label = value % 3.
DataOptions three_classes(const TestFolder& folder, int count) {
  std::string labels;
  for (int i = 0; i < count; ++i) labels.push_back(static_cast<char>(i % 3));
  write(folder / "images-idx3-ubyte", dots(count));
  write(folder / "labels-idx1-ubyte", samples::idx_labels(static_cast<std::uint32_t>(count), labels));
  return options_for(folder / "images-idx3-ubyte");
}

TEST(Classes, AreChosenInEverySplitWithoutMovingAnything) {
  TestFolder folder;
  DataOptions options = three_classes(folder, 240);
  options.validation = 60;
  const auto all = load_dataset(options, Split::train);
  options.classes = {"2", "0"};
  for (const auto split : {Split::train, Split::test, Split::validation}) {
    auto unchosen = options;
    unchosen.classes.clear();
    std::vector<std::uint8_t> expected;
    for (const auto value : load_dataset(unchosen, split).pixels)
      if (value % 3 != 1) expected.push_back(value);
    const auto set = load_dataset(options, split);
    EXPECT_EQ(set.pixels, expected);
    EXPECT_EQ(set.class_names, all.class_names);  // labels keep their numbers
    for (std::size_t i = 0; i < set.pixels.size(); ++i) EXPECT_EQ(set.labels[i], set.pixels[i] % 3);
    EXPECT_EQ(set.name_of(0), "image " + std::to_string(set.pixels[0]));
  }
  options.limit = 10;
  EXPECT_EQ(load_dataset(options, Split::train).count, 10);
}

TEST(Classes, UnknownOrEmpty) {
  TestFolder folder;
  DataOptions options = three_classes(folder, 30);
  options.classes = {"3"};
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("no class is called '3'"));
  options.classes = {"-1"};
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("no class is called '-1'"));
  write(folder / "labels-idx1-ubyte", samples::idx_labels(30, std::string(29, '\0') + '\2'));
  options.classes = {"0", "1"};
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("class '1' has no training image"));
  options.classes = {"1"};
  EXPECT_THAT(error_of(options, ExitCode::data, Split::test), HasSubstr("no image of the classes 1"));
  write(folder / "one/images-idx3-ubyte", dots(10));
  options = options_for(folder / "one/images-idx3-ubyte");
  options.classes = {"0"};
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("has no classes"));
}

TEST(Classes, OfFoldersGoByNameAndByNumber) {
  TestFolder folder;
  for (const char* name : {"healthy", "ill"}) {
    for (int i = 0; i < 4; ++i)
      write(folder / ("set/" + std::string(name) + "/" + std::to_string(i) + ".png"),
            encode_png(flat(2, 2, {static_cast<std::uint8_t>(name[0])})));
  }
  DataOptions options = options_for(folder / "set");
  options.holdout = 0;
  options.classes = {"ill"};
  EXPECT_EQ(load_dataset(options, Split::train).pixels[0], 'i');
  options.classes = {"0"};
  const auto set = load_dataset(options, Split::train);
  EXPECT_EQ(set.pixels[0], 'h');
  EXPECT_THAT(set.names[0], testing::EndsWith("healthy/0.png"));
  options.classes = {"heathly"};
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("did you mean 'healthy'?"));
}

TEST(Classes, OfPointsKeepTheirModes) {
  DataOptions options = options_for("ring");
  const Dataset all = load_dataset(options, Split::train);
  options.classes = {"1", "2"};
  const auto set = load_dataset(options, Split::train);
  EXPECT_EQ(static_cast<std::int64_t>(set.labels.size()), set.count);
  EXPECT_EQ(static_cast<std::int64_t>(set.points.size()), 2 * set.count);
  EXPECT_EQ(std::set<std::int64_t>(set.labels.begin(), set.labels.end()), (std::set<std::int64_t>{1, 2}));
  ASSERT_EQ(set.mixture->centres.size(), 4u);
  const auto& centres = all.mixture->centres;
  EXPECT_EQ(set.mixture->centres[0], centres[2]);
  EXPECT_NEAR(set.points[0], centres[static_cast<std::size_t>(2 * set.labels[0])], 0.1);
}

TEST(Binarize, ThresholdAndASeededDraw) {
  TestFolder folder;
  std::string pixels;
  for (int i = 0; i < 64; ++i) pixels += std::string(256, static_cast<char>(4 * i));
  write(folder / "images-idx3-ubyte", samples::idx_images(64, 16, 16, pixels));
  DataOptions options = options_for(folder / "images-idx3-ubyte");
  options.holdout = 0;
  options.binarize = "threshold";
  auto set = load_dataset(options, Split::train);
  EXPECT_EQ(set.pixels[31 * 256], 0);    // 124
  EXPECT_EQ(set.pixels[32 * 256], 255);  // 128
  options.binarize = "sample";
  set = load_dataset(options, Split::train);
  EXPECT_TRUE(std::all_of(set.pixels.begin(), set.pixels.end(), [](auto p) { return p == 0 || p == 255; }));
  // 16,384 draws; the sum of p(1 - p) over them is 2,730, so the sum's deviation is 52.
  const auto white = std::count(set.pixels.begin(), set.pixels.end(), 255);
  EXPECT_NEAR(static_cast<double>(white), 256 * 4 * 63 * 32 / 255.0, 4 * 52);
  EXPECT_EQ(std::count(set.pixels.begin(), set.pixels.begin() + 256, 255), 0);  // black stays black
  EXPECT_EQ(load_dataset(options, Split::train).pixels, set.pixels);
  // The draw of an image does not depend on which others are used.
  options.limit = 20;
  const auto few = load_dataset(options, Split::train);
  const auto number = static_cast<std::size_t>(few.places.at(7));
  EXPECT_TRUE(std::equal(few.pixels.begin() + 7 * 256, few.pixels.begin() + 8 * 256,
                         set.pixels.begin() + static_cast<std::ptrdiff_t>(number) * 256));
  options.limit = 0;
  options.seed = 2;
  EXPECT_NE(load_dataset(options, Split::train).pixels, set.pixels);
}

TEST(Fitting, SaysWhatItDid) {
  TestFolder folder;
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
  EXPECT_EQ(note(flat(105, 105, {200}), 32, 1, "crop"), "105x105 gray -> 32x32 gray, antialiased");
  EXPECT_EQ(note(flat(28, 28, {200}), 32, 0, "pad"), "28x28 gray -> 32x32 gray, padded");
  EXPECT_EQ(note(flat(28, 28, {200}), 32, 0, "crop"), "28x28 gray -> 32x32 gray, enlarged");
  EXPECT_EQ(note(flat(40, 20, {200, 8, 7}), 8, 1, "crop"), "40x20 colour -> 8x8 gray, cropped, antialiased");
  EXPECT_EQ(note(flat(40, 20, {200}), 8, 3, "pad"), "40x20 gray -> 8x8 colour, padded, antialiased");
  EXPECT_EQ(note(flat(40, 20, {200}), 8, 3, "stretch"), "40x20 gray -> 8x8 colour, stretched, antialiased");
  EXPECT_EQ(note(flat(8, 8, {200}), 8, 1, "crop"), "");
  EXPECT_EQ(note(flat(40, 20, {200}), 0, 0, "crop"), "");
}

TEST(Fitting, PixelsArePlanar) {
  TestFolder folder;
  write(folder / "set/1.png", encode_png({2, 1, 3, {1, 2, 3, 4, 5, 6}}));
  DataOptions options = options_for(folder / "set");
  options.holdout = 0;
  const Dataset set = load_dataset(options, Split::train);
  EXPECT_THAT(set.pixels, ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(set.image(0).pixels, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Fitting, ImagesThatDiffer) {
  TestFolder folder;
  write(folder / "set/1.png", encode_png(flat(4, 4, {200})));
  write(folder / "set/2.png", encode_png(flat(6, 3, {200})));
  DataOptions options = options_for(folder / "set");
  options.holdout = 0;
  const std::string text = error_of(options, ExitCode::data);
  EXPECT_THAT(text, HasSubstr("1.png is 4x4 gray"));
  EXPECT_THAT(text, HasSubstr("2.png is 6x3 gray"));
  EXPECT_THAT(text, HasSubstr("set data.size"));
  options.size = 4;
  const Dataset set = load_dataset(options, Split::train);
  EXPECT_EQ(set.count, 2);
  EXPECT_THAT(set.notes, ElementsAre("4x4 to 6x3 gray -> 4x4 gray, cropped, enlarged"));
  write(folder / "set/2.png", encode_png(flat(4, 4, {200, 200, 200})));
  EXPECT_THAT(error_of(options, ExitCode::data), HasSubstr("set data.channels to 1"));
}

// The size chosen for images of these sizes, and the note about it.
struct Choice {
  std::int64_t size, channels;
  std::string note;
};

Choice chosen_for(const std::vector<Image>& images, const ImageSides& needs) {
  TestFolder folder;
  for (std::size_t i = 0; i < images.size(); ++i)
    write(folder / fmt::format("set/{:04}.png", i), encode_png(images[i]));
  DataOptions options = options_for(folder / "set");
  options.holdout = 0;
  const Dataset set = load_dataset(options, Split::train, needs);
  EXPECT_EQ(set.count, static_cast<std::int64_t>(images.size()));
  if (options.size > 0) {
    EXPECT_EQ(set.width, options.size);
    EXPECT_EQ(set.height, options.size);
  }
  return {options.size, options.channels, set.notes.empty() ? "" : set.notes[0]};
}

TEST(ChosenSize, IsTheLargestUpTo64ThatFitsWhatTheModelAsksFor) {
  const auto wide = chosen_for({flat(250, 180, {1, 2, 200})}, {.square = true, .smallest = 9});
  EXPECT_EQ(wide.size, 64);
  EXPECT_EQ(wide.channels, 0);
  EXPECT_EQ(wide.note, "250x180 colour -> 64x64 colour, cropped, antialiased (data.size=64)");
  EXPECT_EQ(chosen_for({flat(50, 36, {200})}, {.square = true}).size, 36);
  EXPECT_EQ(chosen_for({flat(200, 200, {200})}, {.largest = 128}).size, 64);
  // Nothing is chosen if the images are as the model needs them.
  EXPECT_EQ(chosen_for({flat(250, 250, {200})}, {.square = true}).size, 0);
  EXPECT_EQ(chosen_for({flat(250, 180, {200})}, {}).size, 0);
  EXPECT_EQ(chosen_for({flat(250, 180, {200})}, {.smallest = 16}).size, 0);
  // Too small for the model: it says so itself.
  EXPECT_EQ(chosen_for({flat(7, 6, {200})}, {.square = true, .smallest = 9}).size, 0);
}

TEST(ChosenSize, ImagesThatDifferGetOne) {
  const auto two = chosen_for({flat(40, 30, {200}), flat(33, 50, {200})}, {});
  EXPECT_EQ(two.size, 30);
  EXPECT_EQ(two.note, "33x50 to 40x30 gray -> 30x30 gray, cropped, antialiased (data.size=30)");
  // One icon among many images does not make all of them small.
  std::vector<Image> many(20, flat(40, 30, {200}));
  many[7] = flat(3, 3, {200});
  EXPECT_EQ(chosen_for(many, {}).size, 30);
  // One different image among thousands may not be among those looked at first.
  std::vector<Image> rare(1001, flat(8, 8, {200}));
  rare[1] = flat(9, 8, {200});
  EXPECT_EQ(chosen_for(rare, {}).size, 8);
}

TEST(ChosenSize, GrayAmongColoursBecomesColour) {
  const auto mixed = chosen_for({flat(8, 8, {200}), flat(8, 8, {1, 2, 200})}, {});
  EXPECT_EQ(mixed.size, 0);
  EXPECT_EQ(mixed.channels, 3);
  EXPECT_EQ(mixed.note, "8x8 gray and colour -> 8x8 colour (data.channels=3)");
  TestFolder folder;
  write(folder / "1.png", encode_png(flat(8, 8, {200})));
  write(folder / "2.png", encode_png(flat(8, 8, {1, 2, 200})));
  DataOptions options = options_for(folder.path());
  options.holdout = 0;
  options.size = 4;
  EXPECT_EQ(load_dataset(options, Split::train, {}).channels, 3);
  EXPECT_EQ(options.channels, 3);
  EXPECT_EQ(options.size, 4);
}

TEST(ChosenSize, IsThatOfTheSmallerDomain) {
  TestFolder folder;
  write(folder / "a/1.png", encode_png(flat(40, 40, {200})));
  write(folder / "b/1.png", encode_png(flat(20, 20, {1, 2, 200})));
  DataOptions options = options_for(folder / "a");
  options.target = (folder / "b").string();
  options.holdout = 0;
  const Dataset set = load_dataset(options, Split::train, {});
  EXPECT_EQ(options.size, 20);
  EXPECT_EQ(options.channels, 0);  // each domain may have its own
  EXPECT_EQ(set.width, 20);
  EXPECT_EQ(set.others.at(0).width, 20);
}

TEST(ChosenSize, OfAnArrayAndOfASetting) {
  TestFolder folder;
  write(folder / "images-idx3-ubyte", samples::idx_images(2, 12, 10, std::string(240, 'x')));
  DataOptions options = options_for(folder / "images-idx3-ubyte");
  options.holdout = 0;
  EXPECT_EQ(load_dataset(options, Split::train, {.square = true}).width, 10);
  EXPECT_EQ(options.size, 10);
  options.size = 7;
  EXPECT_EQ(load_dataset(options, Split::train, {.square = true}).width, 7);
  EXPECT_EQ(options.size, 7);
}

TEST(Fitting, AFewTinyImagesDoNotDecide) {
  TestFolder folder;
  const auto size_for = [&](const std::vector<std::pair<int, int>>& sizes) {
    const auto set = folder / std::to_string(sizes.size());
    for (const auto& [width, height] : sizes)
      write(set / fmt::format("{}x{}.png", width, height), encode_png(flat(width, height, {9})));
    DataOptions options = options_for(set);
    options.holdout = 0;
    load_dataset(options, Split::train, {});
    return options.size;
  };
  EXPECT_EQ(size_for({{16, 16}, {20, 10}, {1, 1}, {1, 200}, {40, 40}, {3, 64}}), 10);
  EXPECT_EQ(size_for({{4, 4}, {5, 5}, {3, 7}}), 3) << "all are tiny";
}

TEST(Fitting, ASizeThatIsNotSquare) {
  TestFolder folder;
  write(folder / "a.png", encode_png(flat(30, 20, {7})));
  write(folder / "b.png", encode_png(flat(10, 40, {9})));
  DataOptions options;
  options.source = folder.path().string();
  options.holdout = 0;
  options.width = 12;
  options.height = 6;
  const auto set = load_dataset(options, Split::train);
  EXPECT_EQ(set.width, 12);
  EXPECT_EQ(set.height, 6);
  EXPECT_EQ(set.pixels.size(), 2 * 12 * 6);
  const auto refusal = [](const DataOptions& wrong) {
    return message_of(ExitCode::usage, [&] { load_dataset(wrong, Split::train); });
  };
  options.size = 16;
  EXPECT_THAT(refusal(options), HasSubstr("set data.size=0"));
  options.size = options.height = 0;
  EXPECT_THAT(refusal(options), HasSubstr("data.width is set, but data.height is not"));
}

TEST(Fitting, WrongSettings) {
  DataOptions options = options_for("glyphs");
  options.channels = 2;
  EXPECT_THAT(error_of(options, ExitCode::usage), HasSubstr("data.channels=2"));
  options.channels = 1;
  options.fit = "squash";
  EXPECT_THAT(error_of(options, ExitCode::usage), HasSubstr("crop, pad or stretch"));
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
