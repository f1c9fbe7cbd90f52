// The tables of formats: which rows recognise an example of each kind.
#include "data/formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "data/readers.h"
#include "samples.h"

namespace belamy {
namespace {

using Kind = Source::Kind;
using samples::write;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Kind> recognised(const std::filesystem::path& file) {
  std::vector<Kind> kinds;
  for (const auto& [kind, format] : data_formats()) {
    if (format.recognises && format.recognises(see_file(file))) kinds.push_back(kind);
  }
  return kinds;
}

std::vector<Kind> recognised_folder(const std::string& name) {
  std::vector<Kind> kinds;
  for (const auto& [kind, format] : data_formats()) {
    if (format.recognises_folder_by && format.recognises_folder_by(name)) kinds.push_back(kind);
  }
  return kinds;
}

TEST(DataFormats, AFileIsOfTheFirstRowThatRecognisesIt) {
  TestFolder folder;
  const std::vector<std::pair<std::string, Kind>> files = {
      {"train-images-idx3-ubyte", Kind::idx}, {"zip.train", Kind::usps}, {"data_batch_1.bin", Kind::cifar}};
  for (const auto& [name, kind] : files) write(folder / name, "x");
  for (const char* name : {"a.zip", "a.tar", "a.tar.gz", "a.tgz"})
    samples::write_archive(folder / name, {{"1.png", "x"}});
  std::filesystem::copy_file(folder / "a.tar", folder / "download");
  write(folder / "IM000001", std::string(128, '\0') + "DICM");
  write(folder / "brain.nii", "x");
  // These are archives by their bytes as well, so the row of archives comes later.
  samples::write_archive(folder / "set.npz", {{"images.npy", "x"}});
  write(folder / "t10k-images-idx3-ubyte.gz", samples::gzip("x"));
  write(folder / "zip.test.gz", samples::gzip("x"));
  write(folder / "brain.nii.gz", samples::gzip("x"));
  samples::write_archive(folder / "packed.zip", {{"0/1.png", "x"}, {"dataset.json", "{}"}});

  std::map<std::string, std::vector<Kind>> examples = {
      {"a.zip", {Kind::archive}},
      {"a.tar", {Kind::archive}},
      {"a.tar.gz", {Kind::archive}},
      {"a.tgz", {Kind::archive}},
      {"download", {Kind::archive}},
      {"IM000001", {Kind::dicom}},
      {"brain.nii", {Kind::nifti}},
      {"brain.nii.gz", {Kind::nifti, Kind::archive}},
      {"set.npz", {Kind::npz, Kind::archive}},
      {"t10k-images-idx3-ubyte.gz", {Kind::idx, Kind::archive}},
      {"zip.test.gz", {Kind::usps, Kind::archive}},
      {"packed.zip", {Kind::stylegan, Kind::archive}},
  };
  for (const auto& [name, kind] : files) examples[name] = {kind};
  std::set<Kind> first;
  for (const auto& [name, kinds] : examples) {
    EXPECT_EQ(recognised(folder / name), kinds) << name;
    first.insert(kinds[0]);
  }
  for (const auto& [kind, format] : data_formats())
    EXPECT_EQ(first.count(kind) > 0, static_cast<bool>(format.recognises)) << format.description;
}

TEST(DataFormats, NoRowRecognisesAFileThatIsNotASet) {
  TestFolder folder;
  for (const auto& [name, bytes] :
       std::vector<std::pair<std::string, std::string>>{{"a.tar.xz", "junk"},
                                                        {"renamed.npz", "Rar!\x1a\x07"},
                                                        {"renamed.zip", "\x89PNG\r\n\x1a\n"},
                                                        {"photo.jpg", "junk"},
                                                        {"images.npy", "\x93NUMPY"}}) {
    write(folder / name, bytes);
    EXPECT_THAT(recognised(folder / name), IsEmpty()) << name;
    EXPECT_NE(see_file(folder / name).foreign, nullptr) << name;
  }
  write(folder / "notes", "hello");
  EXPECT_THAT(recognised(folder / "notes"), IsEmpty());
}

TEST(DataFormats, ARowRecognisesItsFoldersAndNoOthers) {
  const std::map<std::string, Kind> examples = {
      {"train-images-idx3-ubyte.gz", Kind::idx}, {"zip.train.gz", Kind::usps},
      {"test_batch.bin", Kind::cifar},           {"data_batch_1.bin", Kind::cifar},
      {"cifar-10-batches-bin", Kind::cifar},     {"dataset.json", Kind::stylegan}};
  std::set<Kind> seen;
  for (const auto& [name, kind] : examples) {
    EXPECT_THAT(recognised_folder(name), ElementsAre(kind)) << name;
    seen.insert(kind);
  }
  for (const char* name : {"1.png", "cats", "train.zip", "set.npz", "labels.csv"})
    EXPECT_THAT(recognised_folder(name), IsEmpty()) << name;
  for (const auto& [kind, format] : data_formats())
    EXPECT_EQ(seen.count(kind) > 0, static_cast<bool>(format.recognises_folder_by)) << format.description;
}

TEST(DataFormats, EveryRowDescribesAndLists) {
  std::set<std::string> descriptions;
  for (const auto& [kind, format] : data_formats()) {
    EXPECT_TRUE(format.list) << format.description;
    EXPECT_TRUE(descriptions.insert(format.description).second) << format.description;
    EXPECT_EQ(format_of(kind), &format);
  }
  for (const auto kind :
       {Kind::glyphs, Kind::glyph_pairs, Kind::synthetic, Kind::sprites, Kind::stacked_digits})
    EXPECT_EQ(format_of(kind), nullptr);
}

TEST(ImageFormats, ARowRecognisesItsBytesAndNoOthers) {
  const Image image = samples::flat(2, 2, {1, 2, 3});
  const std::map<std::string, std::vector<std::string>> examples = {
      {"PNG", {encode_png(image)}},
      {"JPEG", {samples::jpeg(image)}},
      {"PGM or PPM", {"P5 1 1 255\nx", "P3 1 1 255 1 2 3"}},
      {"GIF", {"GIF87a", "GIF89a"}},
      {"BMP", {"BM"}},
      {"WebP", {std::string("RIFF\x10\0\0\0WEBPVP8 ", 16)}},
      {"TIFF", {std::string("II*\0", 4), std::string("MM\0*", 4)}},
      {"HEIC",
       {std::string("\0\0\0\x18"
                    "ftypheic",
                    12)}},
      {"AVIF",
       {std::string("\0\0\0\x18"
                    "ftypavif",
                    12)}},
      {"JPEG 2000", {std::string("\0\0\0\x0cjP  \r\n", 10)}},
      {"Photoshop", {"8BPS"}},
      {"icon", {std::string("\0\0\1\0", 4)}},
      {"SVG", {"<svg xmlns='http://www.w3.org/2000/svg'>", "<?xml version='1.0'?>\n<svg>"}},
      {"PBM", {"P1 1 1 0", "P4 1 1\n0"}},
  };
  for (const auto& format : image_formats()) {
    ASSERT_TRUE(examples.count(format.name)) << format.name;
    for (const auto& bytes : examples.at(format.name)) {
      for (const auto& row : image_formats())
        EXPECT_EQ(row.recognises(bytes), row.name == format.name) << row.name << " for " << format.name;
      EXPECT_EQ(image_format(bytes), &format);
    }
    for (const auto ending : format.endings) {
      const auto name = "a" + std::string(ending);
      EXPECT_EQ(is_image_name(name), format.decode != nullptr) << name;
      const auto* foreign = foreign_format(name, "");
      EXPECT_TRUE(foreign && foreign->picture) << name;
    }
  }
  for (const char* bytes : {"", "P", "P5", "RIFF", "hello"}) EXPECT_EQ(image_format(bytes), nullptr) << bytes;
}

}  // namespace
}  // namespace belamy
