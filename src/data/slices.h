// What DICOM and NIfTI share: windows, folders of patients, slices as items of a listing. Internal to src/data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/frame_codecs.h"
#include "data/readers.h"

namespace belamy {

/// The values from black to white.
struct ValueWindow {
  double low = 0, high = 1;
  bool sigmoid = false;  ///< a curve instead of a line

  std::uint8_t byte(double value) const;
  std::string text() const;  ///< "-160 to 240"
};

/// data.window; nothing if it is empty. A usage error if it is not CENTRE/WIDTH.
std::optional<ValueWindow> parse_window(const std::string& text);

/// The 0.5th and the 99.5th percentile of values, found from at most about a million of them.
class Percentiles {
 public:
  explicit Percentiles(std::uint64_t values);  ///< how many will be added
  void add(double value);                      ///< those that are not finite are passed over
  ValueWindow window();                        ///< from the least to the greatest value if both are equal

 private:
  std::uint64_t every_, seen_ = 0;
  std::vector<double> kept_;
};

/// Gray values as an image.
Image windowed(const RawFrame& frame, const ValueWindow& window, bool inverted);

/// The windows that a reading used, as a note.
class WindowNote {
 public:
  void add(const ValueWindow& window, const std::string& from);
  void tell(const Visitor& visitor) const;  ///< nothing if there was none

 private:
  struct Range {
    double low, high;
    ValueWindow first;
    bool differ = false;
  };
  std::map<std::string, Range> ranges_;
};

/// "pixels of 2 x 2 mm (height x width) in the files".
std::string text_of(const PixelSize& size);

/// The extent of pixels in mm over all files, as a note.
class SpacingNote {
 public:
  void add(double height, double width);
  std::optional<std::string> text() const;
  std::optional<PixelSize> same() const;  ///< that of all files, if it is known and the same

 private:
  bool any_ = false;
  std::array<double, 2> low_{}, high_{};
};

/// A file of slices, or a frame of one.
struct SliceFile {
  std::string name;  ///< relative to the folder, '/' between folders
  std::string patient;
  std::size_t slices = 1;
};

/// The files below a folder that may be data, or the one file.
struct MedicalFiles {
  std::filesystem::path folder;
  std::vector<std::string> names;
  std::vector<Problem> problems;

  std::string full(const std::string& name) const { return (folder / name).string(); }
};
MedicalFiles medical_files(const std::filesystem::path& path);

/// A listing of slices, and where each comes from. Folders of splits and classes are found as in folders of images,
/// with the first folder of a class as its name; folders that hold one patient each are no classes.
struct Slices {
  Listing listing;
  struct Place {
    std::size_t file, slice;
  };
  std::vector<Place> places;
};
/// `files` in the order of the listing; `word` names a slice.
Slices list_slices(const std::filesystem::path& path, const MedicalFiles& from,
                   const std::vector<SliceFile>& files, const std::string& word, Split split);

/// More slices in one file are a mistake.
inline constexpr std::uint64_t kMostSlices = 1'000'000;

}  // namespace belamy
