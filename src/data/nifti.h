// NIfTI-1 and NIfTI-2 volumes. Internal to src/data.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/frame_codecs.h"
#include "data/pixels.h"

namespace belamy {

/// The header of a volume, checked against the size of its file.
struct NiftiHeader {
  std::filesystem::path data;  ///< the file that holds the values
  std::uint64_t offset = 0;    ///< of the values in it
  bool big_endian = false;
  int type = 0;                                   ///< as NIfTI numbers them
  std::array<std::uint64_t, 3> size = {1, 1, 1};  ///< of one volume
  std::uint64_t volumes = 1;                      ///< along all further axes
  std::array<double, 3> spacing = {1, 1, 1};      ///< mm
  double slope = 1, offset_of_values = 0;         ///< value = stored * slope + offset
  /// For each axis of the file, the axis of the body: 0 left to right, 1 back to front, 2 feet to head; and
  /// whether it runs the other way.
  std::array<int, 3> body = {0, 1, 2};
  std::array<bool, 3> reversed = {true, false, false};
  std::vector<std::string> texts;  ///< names of free texts that are filled in

  std::uint64_t slices(int axis) const { return size[static_cast<std::size_t>(axis)] * volumes; }
  bool colour() const;
  std::uint64_t bytes() const;  ///< of all values
};

/// A data error: not NIfTI, damaged, of a kind that is not read, longer than its file.
NiftiHeader read_nifti_header(const std::filesystem::path& path);

/// The values of a file.
class NiftiVolume {
 public:
  explicit NiftiVolume(
      NiftiHeader header);  ///< reads the data; a data error if they are damaged or cut short

  /// A slice along an axis from 0 to 2, turned as radiologists view it: gray values, or colours from 0 to 255.
  RawFrame slice(int axis, std::uint64_t number) const;
  /// Gray values in the order of the file.
  double value(std::uint64_t index) const;
  const NiftiHeader& header() const { return header_; }

 private:
  NiftiHeader header_;
  Pixels bytes_;
};

/// The header of a pair for its image file; other paths as they are.
std::filesystem::path nifti_header_file(const std::filesystem::path& path);
/// Whether a file of this name is the image of a pair.
bool is_nifti_image(const std::filesystem::path& path);

}  // namespace belamy
