// NIfTI files that the tests write: types, byte orders, pairs, orientation, slices.
#include "data/nifti.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "data/dataset.h"
#include "errors.h"
#include "medical_samples.h"

namespace belamy {
namespace {

using samples::Nifti;
using samples::write;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

template <class T>
std::string bytes_of(const std::vector<double>& values, bool big) {
  std::string bytes;
  for (const double value : values) {
    const auto number = static_cast<T>(value);
    std::string part(sizeof(T), '\0');
    std::memcpy(part.data(), &number, sizeof(T));
    if (big) std::reverse(part.begin(), part.end());
    bytes += part;
  }
  return bytes;
}

std::vector<double> values_in(const std::filesystem::path& path) {
  const NiftiVolume volume(read_nifti_header(path));
  const auto& size = volume.header().size;
  std::vector<double> values;
  for (std::uint64_t i = 0; i < size[0] * size[1] * volume.header().slices(2); ++i)
    values.push_back(volume.value(i));
  return values;
}

// Axes to the patient's left, back and feet: slices look as they lie in the file.
const std::vector<double> plain = {-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0};

// 16-bit values 0, 1, 2, ...
Nifti counting(std::vector<int> size) {
  Nifti file;
  std::size_t count = 1;
  for (const int length : size) count *= static_cast<std::size_t>(length);
  file.size = std::move(size);
  for (std::size_t i = 0; i < count; ++i) file.data += samples::number(i, 2);
  file.affine = plain;
  return file;
}

DataOptions options_for(const std::filesystem::path& path) {
  DataOptions options;
  options.source = path.string();
  options.holdout = 0;
  return options;
}

TEST(Nifti, EveryTypeInBothByteOrdersAndBothHeaders) {
  TestFolder folder;
  const std::vector<double> values = {1, 2, 3, 100, 77, 0, 5, 6}, negative = {-1, 2, -3, 100, 77, 0, 5, -6};
  struct Type {
    int number;
    std::function<std::string(const std::vector<double>&, bool)> bytes;
    bool is_signed;
  };
  const std::vector<Type> types = {
      {2, bytes_of<std::uint8_t>, false},    {4, bytes_of<std::int16_t>, true},
      {8, bytes_of<std::int32_t>, true},     {16, bytes_of<float>, true},
      {64, bytes_of<double>, true},          {256, bytes_of<std::int8_t>, true},
      {512, bytes_of<std::uint16_t>, false}, {768, bytes_of<std::uint32_t>, false},
      {1024, bytes_of<std::int64_t>, true},  {1280, bytes_of<std::uint64_t>, false},
  };
  for (const auto& type : types) {
    for (const bool big : {false, true}) {
      for (const bool first : {false, true}) {
        Nifti file{.type = type.number, .big = big, .first = first, .slope = 0.5, .inter = 10};
        const auto& stored = type.is_signed ? negative : values;
        file.data = type.bytes(stored, big);
        write(folder / "a.nii", file.bytes());
        auto expected = stored;
        for (auto& value : expected) value = value * 0.5 + 10;
        EXPECT_EQ(values_in(folder / "a.nii"), expected) << type.number << big << first;
      }
    }
  }
  Nifti complex{.size = {1, 1, 2}, .type = 32};
  complex.data = bytes_of<float>({3, 4, 0, -2}, false);
  write(folder / "a.nii", complex.bytes());
  EXPECT_THAT(values_in(folder / "a.nii"), ElementsAre(5, 2));
}

TEST(Nifti, CompressedFilesAndPairsAreRead) {
  TestFolder folder;
  auto file = counting({2, 2, 2});
  const std::vector<double> expected = {0, 1, 2, 3, 4, 5, 6, 7};
  write(folder / "a.nii.gz", samples::gzip(file.bytes()));
  EXPECT_EQ(values_in(folder / "a.nii.gz"), expected);
  file.pair = true;
  write(folder / "b.hdr", file.header());
  write(folder / "b.img.gz", samples::gzip(file.data));
  EXPECT_EQ(values_in(folder / "b.hdr"), expected);
  // Each volume once, whichever file is given.
  auto options = options_for(folder.path());
  EXPECT_EQ(load_dataset(options, Split::train).count, 4);
  options.source = (folder / "b.img.gz").string();
  EXPECT_EQ(load_dataset(options, Split::train).count, 2);
  std::filesystem::remove(folder / "b.img.gz");
  EXPECT_THAT(message_of(ExitCode::data, [&] { read_nifti_header(folder / "b.hdr"); }),
              HasSubstr("not beside it"));
}

TEST(Nifti, SlicesAreTurnedAsRadiologistsViewThem) {
  TestFolder folder;
  const auto slice = [&](const std::vector<double>& affine, int axis, std::uint64_t number) {
    auto file = counting({2, 3, 4});
    file.affine = affine;
    write(folder / "a.nii", file.bytes());
    return NiftiVolume(read_nifti_header(folder / "a.nii")).slice(axis, number);
  };
  // Axes to the left, back and feet: rows of the file are rows of the picture.
  auto axial = slice(plain, 2, 1);
  EXPECT_EQ(axial.width, 2);
  EXPECT_EQ(axial.height, 3);
  EXPECT_THAT(axial.values, ElementsAre(6, 7, 8, 9, 10, 11));
  const auto coronal = slice(plain, 1, 2);
  EXPECT_EQ(coronal.height, 4);
  EXPECT_THAT(coronal.values, ElementsAre(4, 5, 10, 11, 16, 17, 22, 23));
  const auto sagittal = slice(plain, 0, 1);
  EXPECT_EQ(sagittal.width, 3);
  EXPECT_THAT(sagittal.values, ElementsAre(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23));
  // Axes to the right, front and head, as many tools write them: the other way round.
  axial = slice({1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}, 2, 1);
  EXPECT_THAT(axial.values, ElementsAre(11, 10, 9, 8, 7, 6));
  // The first axis runs to the front, the second to the left.
  axial = slice({0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0}, 2, 0);
  EXPECT_EQ(axial.width, 3);
  EXPECT_THAT(axial.values, ElementsAre(1, 3, 5, 0, 2, 4));
  // Without orientation, as ANALYZE: to the left, front and head.
  axial = slice({}, 2, 0);
  EXPECT_THAT(axial.values, ElementsAre(4, 5, 2, 3, 0, 1));
}

TEST(Nifti, VolumesFollowEachOtherAndTheAxisCanBeChosen) {
  TestFolder folder;
  write(folder / "a.nii", counting({2, 3, 4, 5}).bytes());
  auto options = options_for(folder / "a.nii");
  options.window = "59.5/119";
  auto set = load_dataset(options, Split::train);
  EXPECT_EQ(set.count, 20);
  EXPECT_EQ(set.width, 2);
  EXPECT_EQ(set.height, 3);
  for (std::size_t i = 1; i < 20; ++i) EXPECT_GT(set.pixels[6 * i], set.pixels[6 * i - 6]);
  EXPECT_TRUE(set.names[7].ends_with("a.nii:slice 8"));
  options.axis = 1;
  set = load_dataset(options, Split::train);
  EXPECT_EQ(set.count, 10);
  EXPECT_EQ(set.width, 3);
  EXPECT_EQ(set.height, 4);
}

TEST(Nifti, PercentilesOfTheVolumeAreBlackAndWhite) {
  TestFolder folder;
  auto file = counting({10, 10, 20});
  file.data.replace(0, 2, samples::number(0x8000, 2));  // one value far away
  write(folder / "a.nii", file.bytes());
  const auto set = load_dataset(options_for(folder / "a.nii"), Split::train);
  EXPECT_THAT(set.notes, Contains(AllOf(HasSubstr("10 to 1989"), HasSubstr("0.5th to 99.5th percentile"))));
  EXPECT_EQ(set.pixels[0], 0);
  EXPECT_EQ(set.pixels[9], 0);
  EXPECT_EQ(set.pixels[1995], 255);
  EXPECT_NEAR(set.pixels[1000], 127, 1);
  // Colours are as they are; values that are no numbers are black.
  Nifti colour{.size = {1, 2, 1}, .type = 128, .affine = plain, .data = "abcdef"};
  write(folder / "b.nii", colour.bytes());
  EXPECT_EQ(load_dataset(options_for(folder / "b.nii"), Split::train).pixels,
            (Pixels{'a', 'd', 'b', 'e', 'c', 'f'}));
  Nifti holes{.size = {2, 2, 1}, .type = 16, .affine = plain};
  holes.data = bytes_of<float>({NAN, 0, 1, NAN}, false);
  write(folder / "c.nii", holes.bytes());
  EXPECT_EQ(load_dataset(options_for(folder / "c.nii"), Split::train).pixels, (Pixels{0, 0, 255, 0}));
}

TEST(Nifti, FoldersOfPatientsAndOfClasses) {
  TestFolder folder;
  const auto bytes = counting({9, 9, 3}).bytes();
  const auto load = [&](double holdout, Split split) {
    auto options = options_for(folder.path());
    options.holdout = holdout;
    return load_dataset(options, split);
  };
  for (const char* name : {"sub-01/anat/sub-01_T1w.nii", "sub-01/func/sub-01_bold.nii",
                           "sub-02/sub-02_T1w.nii", "sub-03/sub-03_T1w.nii"})
    write(folder / name, bytes);
  write(folder / "sub-01/anat/sub-01_T1w.json", "{}");
  auto train = load(0.4, Split::train), test = load(0.4, Split::test);
  EXPECT_TRUE(train.class_names.empty());
  EXPECT_EQ(train.count + test.count, 12);
  for (const auto& a : train.names) {
    for (const auto& b : test.names)
      EXPECT_NE(a.substr(a.find("sub-"), 6), b.substr(b.find("sub-"), 6)) << "a patient is in two splits";
  }
  std::filesystem::remove_all(folder / "sub-01");
  std::filesystem::remove_all(folder / "sub-02");
  std::filesystem::remove_all(folder / "sub-03");
  for (const char* name : {"T1/a.nii", "T1/b.nii", "T2/a.nii", "T2/b.nii"}) write(folder / name, bytes);
  train = load(0, Split::train);
  EXPECT_THAT(train.class_names, ElementsAre("T1", "T2"));
  // The slices of two folders are pairs.
  auto options = options_for(folder.path());
  options.pairs = "classes";
  options.sides = {"T1", "T2"};
  const auto pairs = load_dataset(options, Split::train);
  EXPECT_TRUE(pairs.paired);
  ASSERT_EQ(pairs.count, 6);
  EXPECT_TRUE(pairs.names[4].ends_with("T1/b.nii:slice 2")) << pairs.names[4];
  EXPECT_TRUE(pairs.others[0].names[4].ends_with("T2/b.nii:slice 2"));
}

TEST(Nifti, WhatIsNotReadIsRefusedInWords) {
  TestFolder folder;
  const auto refusal = [&](const Nifti& file, std::size_t cut = 0) {
    const auto bytes = file.bytes();
    write(folder / "a.nii", bytes.substr(0, bytes.size() - cut));
    return message_of(ExitCode::data, [&] { NiftiVolume(read_nifti_header(folder / "a.nii")); });
  };
  auto file = counting({2, 2, 2});
  EXPECT_THAT(refusal(file, 1), HasSubstr("2x2x2x1 values of 2 bytes"));
  EXPECT_THAT(refusal(file, 200), HasSubstr("cut short within its header"));
  file.type = 1536;
  EXPECT_THAT(refusal(file), HasSubstr("type 1536"));
  file.type = 4;
  file.size = {32767, 32767, 32767, 32767};
  EXPECT_THAT(refusal(file), HasSubstr("the header says 32767x32767x32767x32767"));
  file.size = {2, 0, 2};
  EXPECT_THAT(refusal(file), HasSubstr("axis 2 has 0 values"));
  file = counting({2, 2, 2});
  auto packed = samples::gzip(file.bytes());
  write(folder / "b.nii.gz", packed.substr(0, packed.size() - 12));
  EXPECT_THROW(NiftiVolume(read_nifti_header(folder / "b.nii.gz")), Error);
  // A claim that only the compression would allow costs no memory.
  file.size = {512, 512, 100, 100};
  file.data.assign(5'000'000, '\0');
  write(folder / "b.nii.gz", samples::gzip(file.bytes()));
  EXPECT_THROW(NiftiVolume(read_nifti_header(folder / "b.nii.gz")), Error);
  auto analyze = counting({2, 2, 2}).bytes();
  analyze.replace(344, 4, std::string(4, '\0'));
  write(folder / "c.nii", analyze);
  EXPECT_THAT(message_of(ExitCode::data, [&] { read_nifti_header(folder / "c.nii"); }), HasSubstr("ANALYZE"));
}

TEST(Nifti, TheDoctorNamesTextsInHeaders) {
  TestFolder folder;
  auto file = counting({9, 9, 2});
  file.description = "Jane Doe";
  write(folder / "a.nii", file.bytes());
  const auto found = diagnose((folder / "a.nii").string());
  std::string text;
  for (const auto& problem : found.problems) text += problem.reason + "\n";
  EXPECT_THAT(text, AllOf(HasSubstr("descrip (1 file)"), testing::Not(HasSubstr("Jane"))));
}

}  // namespace
}  // namespace belamy
