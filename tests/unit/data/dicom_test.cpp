// DICOM files that the tests write: encodings, compressions, colours, the order of slices, patients.
#include "data/dicom.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "data/dataset.h"
#include "data/pack.h"
#include "errors.h"
#include "medical_samples.h"

namespace belamy {
namespace {

using samples::Dicom;
using samples::gray_dicom;
using samples::write;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<double> values_of(const Dicom& file, std::size_t frame = 0) {
  const auto bytes = file.bytes();
  const DicomHeader header(bytes, "x");
  return decode_frame(header, frame, "x").values;
}

std::string refusal(const Dicom& file) {
  return message_of(ExitCode::data, [&] { values_of(file); });
}

// The middle value of each picture of a set.
std::vector<int> grays(const Dataset& set) {
  std::vector<int> found;
  const auto size = static_cast<std::size_t>(set.width * set.height);
  for (std::size_t i = 0; i < static_cast<std::size_t>(set.count); ++i) found.push_back(set.pixels[i * size]);
  return found;
}

DataOptions options_for(const std::filesystem::path& path) {
  DataOptions options;
  options.source = path.string();
  options.holdout = 0;
  return options;
}

// A slice of one patient, with one value.
Dicom slice_of(const std::string& patient, int value, const std::string& series = "1.2") {
  return gray_dicom(9, 9, std::vector<int>(81, value))
      .set(0x00100020, "LO", patient)
      .set(0x0020000e, "UI", series)
      .set(0x00281050, "DS", "128.5")
      .set(0x00281051, "DS", "256");
}

TEST(Dicom, EveryEncodingHasTheSameValues) {
  const std::vector<int> values = {-5, 0, 300, 32767, -32768, 7};
  for (const char* syntax :
       {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"}) {
    auto file = gray_dicom(3, 2, values, syntax);
    file.set(0x00281052, "DS", "-1024").set(0x00281053, "DS", "2.0");
    EXPECT_THAT(values_of(file), ElementsAre(-1034, -1024, -424, 64510, -66560, -1010)) << syntax;
  }
  auto bare = gray_dicom(3, 2, values);
  bare.set(0x00080060, "CS", "MR");
  bare.marked = false;
  EXPECT_EQ(values_of(bare), std::vector<double>(values.begin(), values.end()));
}

TEST(Dicom, BitsAboveTheStoredOnesAreIgnored) {
  auto file = gray_dicom(2, 1, {0x7fff, 0xf801});
  file.set(0x00280101, "US", "12").set(0x00280102, "US", "11");
  EXPECT_THAT(values_of(file), ElementsAre(-1, -2047));
  file.set(0x00280103, "US", "0");
  EXPECT_THAT(values_of(file), ElementsAre(4095, 2049));
}

TEST(Dicom, EveryPredictorOfLosslessJpegIsUndone) {
  std::vector<int> values;
  for (int i = 0; i < 63; ++i) values.push_back(i * i * 977 % 65536);
  for (int predictor = 1; predictor <= 7; ++predictor) {
    auto file = gray_dicom(9, 7, {}, "1.2.840.10008.1.2.4.70");
    file.set(0x00280103, "US", "0");
    file.parts = {samples::lossless_jpeg(9, 7, values, predictor)};
    EXPECT_EQ(values_of(file), std::vector<double>(values.begin(), values.end())) << predictor;
  }
}

TEST(Dicom, RleAndJpegLsAndJpeg2000AreUnpacked) {
  auto file = gray_dicom(3, 2, {}, "1.2.840.10008.1.2.5");
  // High bytes 1 1 1 1 1 2, low bytes 10 20 30 40 50 60.
  std::string frame = samples::number(2, 4) + samples::number(64, 4) + samples::number(68, 4);
  frame.resize(64, '\0');
  frame += std::string("\xfc\1\0\2", 4) + std::string("\5\x0a\x14\x1e\x28\x32\x3c", 7);
  file.parts = {frame};
  EXPECT_THAT(values_of(file), ElementsAre(266, 276, 286, 296, 306, 572));

  const std::vector<std::uint16_t> values = {5, 60000, 7, 8, 9, 10};
  for (const auto& [syntax, bytes] :
       {std::pair{"1.2.840.10008.1.2.4.80", samples::jpeg_ls_of_six()},
        std::pair{"1.2.840.10008.1.2.4.90", samples::jpeg_2000(3, 2, values)}}) {
    file = gray_dicom(3, 2, {}, syntax);
    file.set(0x00280103, "US", "0");
    file.parts = {bytes};
    EXPECT_EQ(values_of(file), std::vector<double>(values.begin(), values.end())) << syntax;
  }
}

TEST(Dicom, ColoursAreRgb) {
  auto file = gray_dicom(2, 1, {});
  file.set(0x00280002, "US", "3").set(0x00280004, "CS", "RGB").set(0x00280100, "US", "8");
  file.set(0x00280101, "US", "8").set(0x00280102, "US", "7").set(0x00280103, "US", "0");
  file.pixels = std::string("\1\2\3\4\5\6", 6);
  EXPECT_THAT(values_of(file), ElementsAre(1, 2, 3, 4, 5, 6));
  file.set(0x00280006, "US", "1");
  EXPECT_THAT(values_of(file), ElementsAre(1, 3, 5, 2, 4, 6));
  file.set(0x00280006, "US", "0").set(0x00280004, "CS", "YBR_FULL");
  file.pixels = std::string("\x80\x80\x80\x4c\x55\xff", 6);
  EXPECT_THAT(values_of(file), ElementsAre(128, 128, 128, 254, 0, 0));
  file.set(0x00280004, "CS", "YBR_FULL_422");
  file.pixels = std::string("\x10\x20\x80\x80", 4);
  EXPECT_THAT(values_of(file), ElementsAre(16, 16, 16, 32, 32, 32));

  auto palette = gray_dicom(3, 1, {0, 5, 6});
  palette.set(0x00280004, "CS", "PALETTE COLOR");
  for (std::uint32_t c = 0; c < 3; ++c) {
    palette.set(0x00281101 + c, "US", "2");
    palette.elements[0x00281101 + c] = {
        "OW", samples::number(2, 2) + samples::number(5, 2) + samples::number(16, 2)};
    palette.elements[0x00281201 + c] = {"OW",
                                        samples::number(0x1000 * (c + 1), 2) + samples::number(0xff00, 2)};
  }
  EXPECT_THAT(values_of(palette), ElementsAre(16, 32, 48, 16, 32, 48, 255, 255, 255));
}

TEST(Dicom, WhatIsNotReadIsRefusedInWords) {
  EXPECT_THAT(refusal(gray_dicom(2, 2, {1, 2, 3})), HasSubstr("cut short"));
  EXPECT_THAT(refusal(gray_dicom(0, 2, {1})), HasSubstr("0x2 pixels"));
  EXPECT_THAT(refusal(gray_dicom(65535, 65535, {1})), HasSubstr("65535x65535"));
  EXPECT_THAT(refusal(gray_dicom(30000, 8000, {1})), HasSubstr("cut short"));
  EXPECT_THAT(refusal(gray_dicom(1, 1, {})), HasSubstr("holds no image"));
  auto video = gray_dicom(1, 1, {}, "1.2.840.10008.1.2.4.102");
  video.parts = {"x"};
  EXPECT_THAT(refusal(video), AllOf(HasSubstr("1.2.840.10008.1.2.4.102"), HasSubstr("not read")));
  EXPECT_THAT(refusal(gray_dicom(1, 1, {1}).set(0x00280002, "US", "4")), HasSubstr("4 values a pixel"));
  EXPECT_THROW(DicomHeader(std::string(500, 'x'), "x"), Error);
}

TEST(Dicom, TheWindowOfTheFileIsUsedUnlessOneIsGiven) {
  TestFolder folder;
  auto file = gray_dicom(9, 9, std::vector<int>(81, 100));
  file.set(0x00281050, "DS", "100.5\\40").set(0x00281051, "DS", "201\\80");
  write(folder / "a.dcm", file.bytes());
  auto options = options_for(folder / "a.dcm");
  auto set = load_dataset(options, Split::train);
  EXPECT_THAT(grays(set), ElementsAre(128));  // 0 to 200
  EXPECT_THAT(set.notes,
              testing::Contains(AllOf(HasSubstr("0 to 200"), HasSubstr("the window in the files"))));
  options.window = "75/100";
  set = load_dataset(options, Split::train);
  EXPECT_THAT(grays(set), ElementsAre(191));  // 25 to 125
  file.set(0x00280004, "CS", "MONOCHROME1");
  write(folder / "a.dcm", file.bytes());
  EXPECT_THAT(grays(load_dataset(options, Split::train)), ElementsAre(255 - 191));
  for (const char* wrong : {"40", "40/", "/4", "40/0", "40/-1", "a/b", "40/400/3", "1/nan"}) {
    options.window = wrong;
    EXPECT_THROW(load_dataset(options, Split::train), Error) << wrong;
  }
}

TEST(Dicom, WithoutAWindowThePercentilesOfTheWholeSeriesAreUsed) {
  TestFolder folder;
  std::vector<int> dark(100), bright(100);
  for (int i = 0; i < 100; ++i) {
    dark[static_cast<std::size_t>(i)] = i;
    bright[static_cast<std::size_t>(i)] = 100 + i;
  }
  dark[0] = -2000;  // stands for no value
  for (const auto& [name, values] : {std::pair{"1", dark}, std::pair{"2", bright}}) {
    auto file = gray_dicom(10, 10, values).set(0x0020000e, "UI", "1.5").set(0x00100020, "LO", "a");
    file.elements[0x00280120] = {"SS", samples::number(0xf830, 2)};
    write(folder / name, file.bytes());
  }
  const auto set = load_dataset(options_for(folder.path()), Split::train);
  ASSERT_EQ(set.count, 2);
  EXPECT_EQ(set.pixels[1], 0);
  EXPECT_EQ(set.pixels[199], 255);
  EXPECT_NEAR(set.pixels[100], 128, 2);  // the middle of both
  EXPECT_THAT(set.notes, testing::Contains(HasSubstr("2 to 198")));
}

TEST(Dicom, SlicesComeInTheOrderOfTheirPlaceThenOfTheirNumber) {
  TestFolder folder;
  const auto put = [&](const char* name, int value, const char* place, const char* number,
                       const char* series) {
    auto file = slice_of("a", value, series);
    if (*place) file.set(0x00200032, "DS", place).set(0x00200037, "DS", "1\\0\\0\\0\\1\\0");
    write(folder / name, file.set(0x00200013, "IS", number).bytes());
  };
  put("IM7", 30, "0\\0\\10", "1", "1.1");
  put("IM8", 20, "0\\0\\-2.5", "2", "1.1");
  put("IM9", 10, "0\\0\\-30", "3", "1.1");
  put("IM1", 60, "", "12", "1.2");
  put("IM2", 50, "", "9", "1.2");
  EXPECT_THAT(grays(load_dataset(options_for(folder.path()), Split::train)), ElementsAre(50, 60, 10, 20, 30));
}

TEST(Dicom, FramesOfAFileAreItems) {
  TestFolder folder;
  std::vector<int> values(2 * 81, 10);
  std::fill(values.begin() + 81, values.end(), 200);
  auto file = gray_dicom(9, 9, values).set(0x00280008, "IS", "2");
  file.set(0x00281050, "DS", "128.5").set(0x00281051, "DS", "256");
  write(folder / "a.dcm", file.bytes());
  const auto set = load_dataset(options_for(folder / "a.dcm"), Split::train);
  EXPECT_THAT(grays(set), ElementsAre(10, 200));
  EXPECT_TRUE(set.names[1].ends_with("a.dcm:frame 2")) << set.names[1];
  write(folder / "a.dcm", file.set(0x00280008, "IS", "400000000").bytes());
  EXPECT_THROW(load_dataset(options_for(folder / "a.dcm"), Split::train), Error);
}

TEST(Dicom, APatientIsNeverInTwoSplits) {
  TestFolder folder;
  for (int patient = 0; patient < 12; ++patient) {
    for (int slice = 0; slice < 1 + patient % 4; ++slice)
      // Names that mix the patients.
      write(folder / fmt::format("{}-{}", slice, patient),
            slice_of(fmt::format("P{}", patient), 20 * patient).bytes());
  }
  // A packed set keeps its patients apart, without their names.
  pack_split(options_for(folder.path()), Split::train, folder / "packed.zip");
  for (const auto* file : {"", "packed.zip"})
    for (const int seed : {1, 2, 3, 4, 5}) {
      auto options = options_for(folder / file);
      options.holdout = 0.25;
      options.validation = 4;
      options.seed = seed;
      std::vector<std::set<int>> seen;
      std::int64_t images = 0;
      for (const auto split : {Split::train, Split::validation, Split::test}) {
        const auto set = load_dataset(options, split);
        const auto found = grays(set);
        seen.emplace_back(found.begin(), found.end());
        images += set.count;
      }
      EXPECT_EQ(images, 30);
      EXPECT_EQ(seen[0].size() + seen[1].size() + seen[2].size(), 12u);
      EXPECT_EQ(seen[2].size(), 3u);
      std::set<int> all;
      for (const auto& part : seen) all.insert(part.begin(), part.end());
      EXPECT_EQ(all.size(), 12u) << "a patient is in two splits";
    }
}

TEST(Dicom, OnePatientIsNotDividedForTesting) {
  TestFolder folder;
  for (const char* name : {"1", "2", "3"}) write(folder / name, slice_of("a", 10).bytes());
  auto options = options_for(folder.path());
  options.holdout = 0.3;
  EXPECT_EQ(load_dataset(options, Split::train).count, 3);
  EXPECT_THROW(load_dataset(options, Split::test), NoTestImages);
  options.validation = 1;
  EXPECT_THROW(load_dataset(options, Split::train), Error);
}

TEST(Dicom, FoldersAreClassesUnlessEachHoldsOnePatient) {
  TestFolder folder;
  int value = 0;
  for (const char* name : {"sick/a/1", "sick/b/1", "well/c/1", "well/d/1"}) {
    write(folder / name, slice_of(std::string(1, name[5]), value += 40).bytes());
  }
  write(folder / "DICOMDIR", gray_dicom(1, 1, {}).bytes());
  auto set = load_dataset(options_for(folder.path()), Split::train);
  EXPECT_THAT(set.class_names, ElementsAre("sick", "well"));
  EXPECT_THAT(set.labels, ElementsAre(0, 0, 1, 1));
  std::filesystem::remove(folder / "sick/b/1");
  std::filesystem::remove(folder / "well/d/1");
  set = load_dataset(options_for(folder.path()), Split::train);
  EXPECT_TRUE(set.class_names.empty());
  EXPECT_EQ(set.count, 2);
}

TEST(Dicom, TheDoctorWarnsOfFieldsThatTellWhoThePatientIs) {
  TestFolder folder;
  for (const auto& [split, patient] :
       {std::pair{"train", "p7"}, std::pair{"test", "p7"}, std::pair{"train", "p8"}}) {
    auto file = slice_of(patient, 50 + split[1]);
    file.set(0x00100010, "PN", "Doe^Jane").set(0x00100030, "DA", "19700101").set(0x00280301, "CS", "YES");
    write(folder / split / patient, file.bytes());
  }
  const auto found = diagnose(folder.path().string());
  std::string text;
  for (const auto& problem : found.problems) text += problem.reason + "\n" + problem.cure + "\n";
  for (const auto& fact : found.facts) text += fact + "\n";
  EXPECT_THAT(text, HasSubstr("PatientBirthDate (3 files), PatientName (3 files)"));
  EXPECT_THAT(text, HasSubstr("BurnedInAnnotation"));
  EXPECT_THAT(text, HasSubstr("1 of 1 patient is in the training set as well"));
  EXPECT_THAT(text, Not(HasSubstr("Doe")));
  EXPECT_THAT(text, Not(HasSubstr("1970")));
  const auto set = load_dataset(options_for(folder.path()), Split::train);
  for (const auto& note : set.notes) EXPECT_THAT(note, Not(HasSubstr("Doe")));
}

TEST(Dicom, SpacingIsToldAndPacked) {
  TestFolder folder;
  write(folder / "a.dcm", slice_of("a", 1).set(0x00280030, "DS", "0.5\\0.25").bytes());
  auto options = options_for(folder / "a.dcm");
  const auto notes = [&] { return load_dataset(options, Split::train).notes; };
  EXPECT_THAT(notes(), testing::Contains(HasSubstr("0.5 x 0.25 mm")));
  pack_split(options, Split::train, folder / "a.zip");
  options.size = 5;  // other pixels
  pack_split(options, Split::train, folder / "small.zip");
  options = options_for(folder / "a.zip");
  EXPECT_THAT(notes(), testing::Contains(HasSubstr("0.5 x 0.25 mm")));
  options = options_for(folder / "small.zip");
  EXPECT_THAT(notes(), Not(testing::Contains(HasSubstr("mm"))));
}

}  // namespace
}  // namespace belamy
