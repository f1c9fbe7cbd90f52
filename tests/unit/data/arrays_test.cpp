// IDX, USPS, CIFAR-10 and npz: files that hold all images of a split.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/readers.h"
#include "errors.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

using samples::gzip;
using samples::idx_images;
using samples::idx_labels;
using samples::write;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Dataset load(const fs::path& path, Split split, double holdout = 0.1) {
  DataOptions options;
  options.source = path.string();
  options.holdout = holdout;
  return load_dataset(options, split);
}

std::string error_of(const fs::path& path, Split split = Split::train) {
  return message_of(ExitCode::data, [&] { load(path, split, 0); });
}

TEST(Archives, GiveTheSizeOfAMemberThatIsTooLarge) {
  const TestFolder folder;
  samples::write_archive(folder.path() / "set.zip", {{"small", "12345"}, {"large", std::string(20, 'x')}});
  std::vector<std::string> told;
  read_archive(
      folder.path() / "set.zip", 10, [](const std::string&) { return true; },
      [&](const std::string& name, const std::string& bytes, const std::string& reason) {
        told.push_back(name + ": " + (reason.empty() ? bytes : reason));
      });
  EXPECT_THAT(told, ElementsAre("small: 12345", HasSubstr("large: too large, 20 bytes")));
}

// Three training and two test images of 2x2.
void write_idx(const fs::path& folder) {
  write(folder / "train-images-idx3-ubyte.gz", gzip(idx_images(3, 2, 2, "abcdefghijkl")));
  write(folder / "train-labels-idx1-ubyte.gz", gzip(idx_labels(3, std::string("\2\0\1", 3))));
  write(folder / "t10k-images-idx3-ubyte", idx_images(2, 2, 2, "mnopqrst"));
  write(folder / "t10k-labels-idx1-ubyte", idx_labels(2, std::string("\1\2", 2)));
}

TEST(Idx, PackedAndPlainWithLabels) {
  TestFolder folder;
  write_idx(folder.path());
  const Dataset train = load(folder.path(), Split::train);
  EXPECT_EQ(train.count, 3);
  EXPECT_EQ(train.channels, 1);
  EXPECT_EQ(train.height, 2);
  EXPECT_EQ(train.width, 2);
  EXPECT_EQ(std::string(train.pixels.begin(), train.pixels.end()), "abcdefghijkl");
  EXPECT_THAT(train.labels, ElementsAre(2, 0, 1));
  EXPECT_THAT(train.class_names, ElementsAre("0", "1", "2"));
  EXPECT_TRUE(train.notes.empty());
  const Dataset test = load(folder.path(), Split::test);
  EXPECT_EQ(std::string(test.pixels.begin(), test.pixels.end()), "mnopqrst");
  EXPECT_THAT(test.labels, ElementsAre(1, 2));
  // The training file itself stands for the set.
  EXPECT_EQ(load(folder / "train-images-idx3-ubyte.gz", Split::test).pixels, test.pixels);
}

TEST(Idx, BinaryImagesWithoutLabels) {
  TestFolder folder;
  write(folder / "binarized_mnist_train-images-idx3-ubyte.gz",
        gzip(idx_images(2, 1, 3, std::string("\0\1\1\1\0\0", 6))));
  write(folder / "binarized_mnist_valid-images-idx3-ubyte.gz",
        gzip(idx_images(1, 1, 3, std::string(3, '\1'))));
  write(folder / "binarized_mnist_test-images-idx3-ubyte.gz",
        gzip(idx_images(1, 1, 3, std::string("\0\0\1", 3))));
  const Dataset train = load(folder.path(), Split::train);
  EXPECT_THAT(train.pixels, ElementsAre(0, 255, 255, 255, 0, 0));
  EXPECT_THAT(train.notes, ElementsAre("values 0 and 1 taken as black and white"));
  EXPECT_TRUE(train.labels.empty());
  EXPECT_TRUE(train.class_names.empty());
  EXPECT_THAT(load(folder.path(), Split::test).pixels, ElementsAre(0, 0, 255));
}

TEST(Idx, ALyingHeaderIsAnErrorWithItsNumbers) {
  TestFolder folder;
  write_idx(folder.path());
  const fs::path images = folder / "train-images-idx3-ubyte.gz";
  write(images, gzip(idx_images(60000, 28, 28, "abc")));
  EXPECT_THAT(error_of(folder.path()),
              HasSubstr(images.string() + ": the header says 60000 x 28 x 28 = 47,040,000 "
                                          "bytes, the file holds 3"));
  // Sizes whose product wraps around 64 bits to 0.
  write(images, gzip(idx_images(0x80000000, 0x80000000, 4, "")));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("the file holds 0"));
  write(images, gzip(idx_images(1, 2, 2, "abcdefghijkl")));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("the file holds more"));
}

TEST(Idx, DamageIsAnError) {
  TestFolder folder;
  write_idx(folder.path());
  const fs::path images = folder / "train-images-idx3-ubyte.gz";
  const std::string whole = gzip(idx_images(3, 2, 2, "abcdefghijkl"));
  for (const std::size_t left : {20u, 4u, 1u}) {
    write(images, whole.substr(0, whole.size() - left));
    EXPECT_THAT(error_of(folder.path()), HasSubstr("cut short")) << left;
  }
  std::string flipped = whole;
  flipped[whole.size() - 6] ^= 1;  // the checksum
  write(images, flipped);
  EXPECT_THAT(error_of(folder.path()), HasSubstr("cannot be unpacked"));
  write(images, gzip("no image at all"));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("not an IDX file"));
  write(images, gzip(samples::big_endian(0xd03) + "abc"));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("IDX values of type 0x0d"));
  write(images, gzip(samples::big_endian(0x803) + "abc"));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("ends inside its header"));
}

TEST(Idx, ImagesWithoutPixelsAreAnError) {
  TestFolder folder;
  for (const auto& [count, height, width] :
       {std::array<std::uint32_t, 3>{4'000'000'000, 0, 28}, {0, 28, 28}, {30, 0, 16}}) {
    write(folder / "train-images-idx3-ubyte", idx_images(count, height, width, ""));
    EXPECT_THAT(error_of(folder.path()), HasSubstr(fmt::format(" of {} x {} pixels", width, height)));
    EXPECT_EQ(diagnose(folder.path().string()).problems.size(), 1u);
  }
  write(folder / "train-images-idx3-ubyte", idx_labels(3, "abc"));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("give a file of images"));
}

TEST(Idx, LabelsMustMatch) {
  TestFolder folder;
  write_idx(folder.path());
  write(folder / "train-labels-idx1-ubyte.gz", gzip(idx_labels(2, "\1\2")));
  EXPECT_THAT(
      error_of(folder.path()),
      HasSubstr("train-labels-idx1-ubyte.gz: 2 labels for the 3 images of train-images-idx3-ubyte.gz"));
}

std::string usps_line(const std::string& label, const std::string& value) {
  std::string line = label;
  for (int i = 0; i < 256; ++i) line += " " + value;
  return line + " \n";
}

TEST(Usps, BothWaysOfWritingNumbers) {
  TestFolder folder;
  write(folder / "zip.train.gz", gzip(usps_line("6.0000", "-1.0000") + usps_line("0.0000", "1.0000")));
  write(folder / "zip.test.gz", gzip(usps_line("9", "0")));
  const Dataset train = load(folder.path(), Split::train);
  EXPECT_EQ(train.count, 2);
  EXPECT_EQ(train.width, 16);
  EXPECT_EQ(train.height, 16);
  EXPECT_THAT(train.labels, ElementsAre(6, 0));
  EXPECT_EQ(train.pixels.front(), 0);
  EXPECT_EQ(train.pixels.back(), 255);
  const Dataset test = load(folder.path(), Split::test);
  EXPECT_THAT(test.labels, ElementsAre(9));
  EXPECT_EQ(test.pixels[0], 128);
}

TEST(Usps, DamageNamesTheLine) {
  TestFolder folder;
  write(folder / "zip.test.gz", gzip(usps_line("9", "0")));
  const fs::path train = folder / "zip.train.gz";
  write(train, gzip(usps_line("1", "0") + "1 0.5 0.5\n"));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("zip.train.gz, line 2: fewer than 257 numbers"));
  write(train, gzip(usps_line("1", "0 0")));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("line 1: more than 257 numbers"));
  write(train, gzip(usps_line("1.5", "0")));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("line 1: label 1.5"));
  write(train, gzip(usps_line("1", "7")));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("line 1: value 7"));
  write(train, gzip(usps_line("1", "x")));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("is not a number"));
  write(train, gzip(usps_line("1", "nan")));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("value nan"));
}

std::string cifar_record(char label, char red, char green, char blue) {
  return std::string(1, label) + std::string(1024, red) + std::string(1024, green) + std::string(1024, blue);
}

TEST(Cifar, BatchesWithNames) {
  TestFolder folder;
  write(folder / "data_batch_2.bin", cifar_record(3, 'g', 'h', 'i'));
  write(folder / "data_batch_1.bin", cifar_record(9, 'a', 'b', 'c') + cifar_record(0, 'd', 'e', 'f'));
  write(folder / "test_batch.bin", cifar_record(5, 'x', 'y', 'z'));
  const Dataset train = load(folder.path(), Split::train);
  EXPECT_EQ(train.count, 3);
  EXPECT_THAT(train.labels, ElementsAre(9, 0, 3));
  EXPECT_EQ(train.class_names.at(3), "cat");
  const Image image = train.image(2);
  EXPECT_EQ(image.channels, 3);
  EXPECT_EQ(std::string(image.pixels.begin(), image.pixels.begin() + 6), "ghighi");
  const Dataset test = load(folder.path(), Split::test);
  EXPECT_THAT(test.labels, ElementsAre(5));
  write(folder / "batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n");
  EXPECT_EQ(load(folder.path(), Split::train).class_names.at(3), "d");
}

TEST(Cifar, DamageIsAnError) {
  TestFolder folder;
  write(folder / "test_batch.bin", cifar_record(5, 'x', 'y', 'z'));
  write(folder / "data_batch_1.bin", cifar_record(9, 'a', 'b', 'c') + "more");
  EXPECT_THAT(error_of(folder.path()),
              HasSubstr("data_batch_1.bin: 3,077 bytes is not a whole number of 3073-byte"));
  write(folder / "data_batch_1.bin", cifar_record(1, 'a', 'b', 'c') + cifar_record(10, 'a', 'b', 'c'));
  EXPECT_THAT(error_of(folder.path()), HasSubstr("image 1 has label 10"));
}

std::string npy(const std::string& type, const std::string& shape, const std::string& bytes,
                const std::string& fortran = "False") {
  std::string header =
      "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': (" + shape + "), }";
  header.resize(118, ' ');
  return std::string("\x93NUMPY\1\0\x76\0", 10) + header + bytes;
}

TEST(Npz, ImagesAndLabels) {
  TestFolder folder;
  const fs::path file = folder / "set.npz";
  samples::write_archive(
      file, {{"images.npy", npy("|u1", "2, 1, 2, 3", "abcdefghijkl")},
             {"labels.npy", npy("<i8", "2,", std::string("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16))}});
  const Dataset set = load(file, Split::train, 0);
  EXPECT_EQ(set.count, 2);
  EXPECT_EQ(set.channels, 3);
  EXPECT_EQ(set.height, 1);
  EXPECT_EQ(set.width, 2);
  EXPECT_EQ(std::string(set.pixels.begin(), set.pixels.end()), "adbecfgjhkil");  // planar
  EXPECT_THAT(set.labels, ElementsAre(1, 0));
}

TEST(Npz, SplitsOfTheirOwn) {
  TestFolder folder;
  samples::write_archive(folder / "merged.npz",
                         {{"train_images.npy", npy("|u1", "2, 1, 1", "ab")},
                          {"train_labels.npy", npy("|u1", "2, 1", std::string("\0\1", 2))},
                          {"val_images.npy", npy("|u1", "1, 1, 1", "v")},
                          {"val_labels.npy", npy("|u1", "1, 1", "\1")},
                          {"test_images.npy", npy("|u1", "1, 1, 1", "t")},
                          {"test_labels.npy", npy("|u1", "1, 1", "\1")}});
  EXPECT_THAT(load(folder.path(), Split::train).pixels, ElementsAre('a', 'b'));
  const Dataset test = load(folder.path(), Split::test);
  EXPECT_THAT(test.pixels, ElementsAre('t'));
  EXPECT_THAT(test.labels, ElementsAre(1));
}

TEST(Npz, ArraysThatAreNotReadAreNamed) {
  TestFolder folder;
  samples::write_archive(folder / "set.npz", {{"images.npy", npy("|u1", "2, 1, 1", "ab")},
                                              {"label.npy", npy("|u1", "2,", std::string("\0\1", 2))}});
  fs::rename(folder / "set.npz", folder / "SET.NPZ");
  EXPECT_THAT(load(folder / "SET.NPZ", Split::train, 0).notes,
              ElementsAre("arrays that are not read: label; those beside images are labels and attributes"));
  samples::write_archive(folder / "two.npz", {{"images.npy", npy("|u1", "2, 1, 1", "ab")},
                                              {"train_images.npy", npy("|u1", "2, 1, 1", "cd")},
                                              {"test_images.npy", npy("|u1", "1, 1, 1", "e")}});
  for (const auto split : {Split::train, Split::test})
    EXPECT_THAT(load(folder / "two.npz", split).notes,
                ElementsAre(HasSubstr("arrays that are not read: images; ")));
}

TEST(Npz, LabelsOfOtherTypesGetTheirOwnAdvice) {
  TestFolder folder;
  samples::write_archive(folder / "set.npz", {{"images.npy", npy("|u1", "1, 1, 1", "a")},
                                              {"labels.npy", npy("<U1", "1,", std::string("a\0\0\0", 4))}});
  EXPECT_THAT(error_of(folder / "set.npz"),
              HasSubstr("values of type '<U1' are not read\n  convert it with astype"));
}

TEST(Npz, ChannelsFirstAreNamed) {
  TestFolder folder;
  samples::write_archive(folder / "set.npz",
                         {{"images.npy", npy("|u1", "2, 3, 16, 16", std::string(2 * 3 * 256, 'x'))}});
  EXPECT_THAT(error_of(folder / "set.npz"), HasSubstr("[2, 3, 16, 16] has the channels first\n  move them"));
}

// An array of one image of one row.
std::string floats(const std::vector<float>& values) {
  return npy("<f4", fmt::format("1, 1, {}", values.size()),
             std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4));
}

std::string bytes(const std::vector<std::uint8_t>& values) {
  return npy("|u1", fmt::format("1, 1, {}", values.size()), std::string(values.begin(), values.end()));
}

TEST(Npz, FloatsAreScaledAndSaySo) {
  TestFolder folder;
  const fs::path file = folder / "set.npz";
  const auto expect = [&](const std::vector<float>& values, const std::vector<std::uint8_t>& pixels,
                          const std::string& note) {
    samples::write_archive(file, {{"images.npy", floats(values)}});
    const Dataset set = load(file, Split::train, 0);
    EXPECT_EQ(set.pixels, pixels);
    EXPECT_THAT(set.notes, ElementsAre(note));
  };
  expect({0, 0.5f, 1}, {0, 128, 255}, "values 0 .. 1 taken as 0 .. 1 (black to white)");
  expect({0.25f, 0.5f}, {64, 128}, "values 0.25 .. 0.5 taken as 0 .. 1 (black to white)");
  expect({-1e-6f, 0.5f, 1}, {0, 128, 255}, "values -1e-06 .. 1 taken as 0 .. 1 (black to white)");
  expect({0, 0.5f, 1.001f}, {0, 128, 255}, "values 0 .. 1.001 taken as 0 .. 1 (black to white)");
  expect({-1, 0, 1}, {0, 128, 255}, "values -1 .. 1 taken as -1 .. 1 (black to white)");
  expect({-1.001f, 0, 0.5f}, {0, 128, 191}, "values -1.001 .. 0.5 taken as -1 .. 1 (black to white)");
  expect({0, 99.6f, 255}, {0, 100, 255}, "values 0 .. 255 taken as 0 .. 255 (black to white)");
  expect({-0.25f, 99, 255.25f}, {0, 99, 255}, "values -0.25 .. 255.25 taken as 0 .. 255 (black to white)");
  for (const auto& values : std::vector<std::vector<float>>{
           {-1, 0, 300}, {-0.05f, 0.5f, 1}, {0, 0.5f, 1.1f}, {-1.1f, 0, 1}, {-1, 0, 1.1f}, {-2, 0, 255}}) {
    samples::write_archive(file, {{"images.npy", floats(values)}});
    const auto text = error_of(file);
    EXPECT_THAT(text, HasSubstr(fmt::format("values from {:g} to {:g} are in no known range", values.front(),
                                            values.back())));
    EXPECT_THAT(text, HasSubstr("clip or scale them"));
  }
}

TEST(Npz, BothSidesOfPicturesSayOnceWhatTheyAre) {
  TestFolder folder;
  samples::write_archive(folder / "set.npz", {{"images.npy", floats({0, 1})}});
  DataOptions options;
  options.source = (folder / "set.npz").string();
  options.holdout = 0;
  options.pairs = "side-by-side";
  const Dataset set = load_dataset(options, Split::train);
  EXPECT_THAT(set.others.at(0).pixels, ElementsAre(255));
  EXPECT_EQ(std::count(set.notes.begin(), set.notes.end(), "values 0 .. 1 taken as 0 .. 1 (black to white)"),
            1);
}

TEST(Npz, TheTrainingImagesSayWhatAllSplitsAre) {
  TestFolder folder;
  const fs::path file = folder / "set.npz";
  samples::write_archive(file, {{"train_images.npy", floats({-1, 0, 1})},
                                {"val_images.npy", floats({0.5f, 0.5f})},
                                {"test_images.npy", floats({0, 1})}});
  EXPECT_THAT(load(file, Split::test).pixels, ElementsAre(128, 255));
  EXPECT_THAT(load(file, Split::validation).pixels, ElementsAre(191, 191));
  samples::write_archive(file, {{"train_images.npy", bytes({0, 200})}, {"test_images.npy", bytes({0, 1})}});
  EXPECT_THAT(load(file, Split::test).pixels, ElementsAre(0, 1));
  samples::write_archive(file, {{"train_images.npy", floats({0, 1})}, {"test_images.npy", floats({-1, 1})}});
  EXPECT_THAT(error_of(file, Split::test),
              HasSubstr("values from -1 to 1, but the training images are in 0 .. 1"));
}

TEST(Npz, ZeroAndOneAreBlackAndWhite) {
  TestFolder folder;
  const fs::path file = folder / "set.npz";
  samples::write_archive(file, {{"images.npy", bytes({0, 1, 1})}});
  EXPECT_THAT(load(file, Split::train, 0).pixels, ElementsAre(0, 255, 255));
  EXPECT_THAT(load(file, Split::train, 0).notes, ElementsAre("values 0 and 1 taken as black and white"));
  samples::write_archive(file, {{"images.npy", npy("|b1", "1, 1, 2", std::string("\0\1", 2))}});
  EXPECT_THAT(load(file, Split::train, 0).pixels, ElementsAre(0, 255));
  EXPECT_THAT(load(file, Split::train, 0).notes,
              ElementsAre("values False and True taken as black and white"));
  samples::write_archive(file, {{"images.npy", bytes({0, 2, 255})}});
  EXPECT_THAT(load(file, Split::train, 0).pixels, ElementsAre(0, 2, 255));
  EXPECT_THAT(load(file, Split::train, 0).notes, IsEmpty());
}

TEST(Npz, FortranOrder) {
  TestFolder folder;
  const fs::path file = folder / "set.npz";
  // numpy.arange(100, 124).reshape(2, 2, 2, 3) as Fortran stores it.
  std::string values;
  for (int c = 0; c < 3; ++c) {
    for (int x = 0; x < 2; ++x) {
      for (int y = 0; y < 2; ++y) {
        for (int n = 0; n < 2; ++n) values.push_back(static_cast<char>(100 + ((n * 2 + y) * 2 + x) * 3 + c));
      }
    }
  }
  samples::write_archive(file, {{"images.npy", npy("|u1", "2, 2, 2, 3", values, "True")},
                                {"labels.npy", npy("<u2", "2, 1", std::string("\1\0\0\0", 4), "True")}});
  const Dataset set = load(file, Split::train, 0);
  EXPECT_THAT(set.image(0).pixels, ElementsAre(100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111));
  EXPECT_THAT(set.image(1).pixels, ElementsAre(112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123));
  EXPECT_THAT(set.labels, ElementsAre(1, 0));
  // Values of two bytes.
  samples::write_archive(file,
                         {{"images.npy", npy("<u2", "1, 2, 2", std::string("a\0c\0b\0d\0", 8), "True")}});
  EXPECT_THAT(load(file, Split::train, 0).pixels, ElementsAre('a', 'b', 'c', 'd'));
  samples::write_archive(file, {{"images.npy", npy("|u1", "1, 1, 1", "a", "Maybe")}});
  EXPECT_THAT(error_of(file), HasSubstr("fortran_order is Maybe"));
}

TEST(Npz, LabelsWithGapsSaySo) {
  TestFolder folder;
  const fs::path file = folder / "set.npz";
  samples::write_archive(file, {{"images.npy", npy("|u1", "4, 1, 1", "abcd")},
                                {"labels.npy", npy("|u1", "4,", std::string("\0\3\7\x5a", 4))}});
  const Dataset set = load(file, Split::train, 0);
  EXPECT_THAT(set.labels, ElementsAre(0, 3, 7, 90));
  EXPECT_EQ(set.class_names.size(), 91u);
  EXPECT_THAT(set.notes,
              ElementsAre(HasSubstr("87 of 91 classes have no training image: 1, 2, 4, 5, 6, ...")));
  // Images that a limit leaves out still count.
  samples::write_archive(file, {{"images.npy", npy("|u1", "4, 1, 1", "abcd")},
                                {"labels.npy", npy("|u1", "4,", std::string("\0\1\2\3", 4))}});
  DataOptions options;
  options.source = file.string();
  options.limit = 1;
  EXPECT_THAT(load_dataset(options, Split::train).notes, IsEmpty());
  EXPECT_THAT(load_dataset(options, Split::test).notes, IsEmpty());
}

TEST(Npz, DamageIsAnError) {
  TestFolder folder;
  const fs::path file = folder / "set.npz";
  const auto error_with = [&](const std::string& array) {
    samples::write_archive(file, {{"images.npy", array}});
    return error_of(file);
  };
  EXPECT_THAT(
      error_with(npy("|u1", "9000, 28, 28", "abc")),
      HasSubstr(
          "set.npz:images.npy: the header says (9000, 28, 28) of '|u1', that is 7,056,000 bytes; there are 3"));
  EXPECT_THAT(error_with(npy("|u1", "4294967296, 4294967296, 4", "abc")), HasSubstr("the shape is"));
  EXPECT_THAT(error_with(npy("|O", "3", "abc")), HasSubstr("values of type '|O' are not read"));
  EXPECT_THAT(error_with(npy("|u1", "3", "abc")), HasSubstr("1 dimension;"));
  EXPECT_THAT(error_with(npy("|u1", "1, 1, 1, 2", "ab")), HasSubstr("2 channels"));
  EXPECT_THAT(error_with("text"), HasSubstr("not a .npy array"));
  samples::write_archive(file, {{"weights.npy", npy("|u1", "1", "a")}});
  EXPECT_THAT(error_of(file), HasSubstr("no images in it, only: weights"));
  samples::write_archive(file,
                         {{"images.npy", npy("|u1", "1, 1, 1", "a")}, {"labels.npy", npy("|u1", "2", "ab")}});
  EXPECT_THAT(error_of(file), HasSubstr("labels.npy: 2 labels for 1 image"));
  // The right number of labels in another shape: a row, or two for each image.
  const auto with_labels = [&](const std::string& shape) {
    samples::write_archive(file, {{"images.npy", npy("|u1", "4, 1, 1", "abcd")},
                                  {"labels.npy", npy("|u1", shape, {0, 1, 0, 1})}});
    return error_of(file);
  };
  EXPECT_THAT(with_labels("1, 4"), HasSubstr("labels.npy: labels of shape [1, 4] for 4 images"));
  EXPECT_THAT(with_labels("2, 2"), HasSubstr("labels.npy: labels of shape [2, 2] for 4 images"));
  EXPECT_THAT(error_with(npy("|u1", "8, 9, 3", std::string(216, 'a'))),
              HasSubstr("[8, 9, 3] is the shape of one colour image"));
}

}  // namespace
}  // namespace belamy
