// The small files inside Debian's python3-pydicom and python3-nibabel: the same values as these packages read. The values
// come from tests/interop/medical_values.py.
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "belamy/error.h"

#include "data/dataset.h"
#include "data/dicom.h"
#include "data/nifti.h"
#include "samples.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

struct Expected {
  std::string kind, file;
  int width, height;
  std::size_t pictures;
  double least, greatest, mean;
};

void PrintTo(const Expected& expected, std::ostream* out) {
  *out << expected.file;
}

const std::vector<Expected> all = {
#include "medical_values.inc"
};

fs::path folder_of(const std::string& kind) {
  const fs::path packages = "/usr/lib/python3/dist-packages";
  if (kind == "pydicom") return packages / "pydicom/data/test_files";
  return packages / (kind == "nicom" ? "nibabel/nicom/tests/data" : "nibabel/tests/data");
}

// Collects what the packages report about a file.
struct Values {
  std::size_t count = 0;
  double least = INFINITY, greatest = -INFINITY, sum = 0;

  void add(double value) {
    if (std::isnan(value)) return;
    ++count;
    least = std::min(least, value);
    greatest = std::max(greatest, value);
    sum += value;
  }
};

class MedicalFile : public testing::TestWithParam<Expected> {};

TEST_P(MedicalFile, HasTheValuesThatItsPackageReads) {
  const auto& expected = GetParam();
  const auto path = folder_of(expected.kind) / expected.file;
  if (!fs::exists(path)) GTEST_SKIP() << "install python3-pydicom and python3-nibabel";
  Values values;
  double near = 1e-8 * (1 + std::abs(expected.mean)), near_ends = 1e-6;
  if (expected.kind == "nibabel") {
    const NiftiVolume volume(read_nifti_header(path));
    EXPECT_EQ(volume.header().slices(2), expected.pictures);
    for (std::uint64_t i = 0; i < expected.pictures; ++i) {
      const auto slice = volume.slice(2, i);
      EXPECT_EQ(slice.width, expected.width);
      EXPECT_EQ(slice.height, expected.height);
      for (const auto value : slice.values) values.add(value);
    }
    near = 1e-6 * (1 + std::abs(expected.mean));  // the packages add floats
    near_ends = 1e-6 * std::abs(expected.greatest);
  } else {
    const auto bytes = samples::read(path);
    const DicomHeader header(bytes, path.string());
    ASSERT_EQ(header.frames(), expected.pictures);
    const bool lossy = header.syntax == "1.2.840.10008.1.2.4.50";
    if (lossy)
      near = 0.6, near_ends = 6;  // libjpeg and what the packages use interpolate colours differently
    if (header.syntax == "1.2.840.10008.1.2.4.51") {
      EXPECT_THROW(decode_frame(header, 0, "x"), Error) << "a lossy JPEG of 12 bits";
      return;
    }
    for (std::size_t f = 0; f < expected.pictures; ++f) {
      const auto frame = decode_frame(header, f, path.string());
      EXPECT_EQ(frame.width, expected.width);
      EXPECT_EQ(frame.height, expected.height);
      for (const auto value : frame.values) values.add(value);
    }
  }
  EXPECT_NEAR(values.least, expected.least, near_ends);
  EXPECT_NEAR(values.greatest, expected.greatest, near_ends);
  EXPECT_NEAR(values.sum / static_cast<double>(values.count), expected.mean, near);
}

INSTANTIATE_TEST_SUITE_P(Packages, MedicalFile, testing::ValuesIn(all));

TEST(MedicalFiles, EveryOtherFileLoadsOrIsRefusedInWords) {
  if (!fs::exists(folder_of("pydicom"))) GTEST_SKIP() << "install python3-pydicom and python3-nibabel";
  int loaded = 0, refused = 0;
  for (const auto* kind : {"pydicom", "nicom", "nibabel"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder_of(kind))) {
      if (!entry.is_regular_file()) continue;
      DataOptions options;
      options.source = entry.path().string();
      options.size = 16;
      try {
        load_dataset(options, Split::train);
        ++loaded;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ExitCode::data) << entry.path() << error.what();
        EXPECT_GT(error.message().size(), 20u) << entry.path();
        ++refused;
      }
    }
  }
  EXPECT_GT(loaded, 75);
  EXPECT_GT(refused, 100);
}

TEST(MedicalFiles, AFolderOfPatientsKeepsEachInOneSplit) {
  const auto folder = folder_of("pydicom") / "dicomdirtests";
  if (!fs::exists(folder)) GTEST_SKIP() << "install python3-pydicom and python3-nibabel";
  DataOptions options;
  options.source = folder.string();
  options.size = 16;
  const auto train = load_dataset(options, Split::train), test = load_dataset(options, Split::test);
  EXPECT_EQ(train.count + test.count, 31);
  EXPECT_TRUE(train.class_names.empty());
  const auto patients = [](const Dataset& set) {
    std::set<std::string> found;
    for (const auto& name : set.names) {
      const auto bytes = samples::read(name);
      found.insert(DicomHeader(bytes, name).patient());
    }
    return found;
  };
  EXPECT_EQ(patients(train).size(), 1u);
  EXPECT_EQ(patients(test).size(), 1u);
  EXPECT_NE(patients(train), patients(test));
}

}  // namespace
}  // namespace belamy
