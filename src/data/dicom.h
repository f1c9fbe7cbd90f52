// DICOM files: the header, and the values of frames. Internal to src/data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/frame_codecs.h"
#include "data/slices.h"

namespace belamy {

/// What the header of a file says. Numbers of files are not trusted.
class DicomHeader {
 public:
  /// A data error that begins with `name`: not DICOM, damaged. If `bytes` is only the begin of the file, `more` tells
  /// that it ends before the pixels.
  DicomHeader(std::string_view bytes, const std::string& name, bool* more = nullptr);

  /// The text of an element without padding; "" if it is missing. Tags are written 0x00100020.
  std::string text(std::uint32_t tag, std::size_t frame = 0) const;
  /// The numbers of a decimal text, "1\2"; those up to the first that is none.
  std::vector<double> numbers(std::uint32_t tag, std::size_t frame = 0) const;
  /// A binary number of 16 bits; nothing if it is missing.
  std::optional<int> number(std::uint32_t tag) const;
  /// Binary numbers of 16 bits, as the tables of palettes are.
  std::vector<int> words(std::uint32_t tag) const;

  bool has_pixels() const { return pixels_tag != 0; }
  bool is_directory() const;  ///< a DICOMDIR
  std::size_t frames() const;
  /// Of patient and series as identifiers; the patient is "" if the file does not tell.
  std::string patient() const { return text(0x00100020); }
  std::string series() const { return text(0x0020000e); }
  /// The place along the normal of the slices; 0 if the file does not tell.
  double position(std::size_t frame = 0) const;
  /// Height and width of a pixel in mm; nothing if the file does not tell.
  std::optional<std::array<double, 2>> spacing() const;
  /// The first window of the file.
  std::optional<ValueWindow> window(std::size_t frame = 0) const;
  /// The value that stands for no value, after the rescale.
  std::optional<double> padding() const;
  bool inverted() const { return text(0x00280004) == "MONOCHROME1"; }
  /// The names of elements that tell who the patient is and are not empty.
  std::vector<std::string> identifying() const;
  bool annotated() const { return text(0x00280301) == "YES"; }  ///< text is drawn into the pixels

  bool big_endian = false, compressed = false;
  std::string syntax;            ///< the UID of the transfer syntax
  std::uint32_t pixels_tag = 0;  ///< of the pixels, which are of integers or floats
  std::string_view pixels;       ///< from the first byte of the value on; into the bytes given
  bool in_words = true;          ///< the pixels are written as words of two bytes
  std::string inflated = {};     ///< the data set of a deflated file, into which `pixels` points

  DicomHeader(const DicomHeader&) = delete;
  DicomHeader& operator=(const DicomHeader&) = delete;
  DicomHeader(DicomHeader&&) = delete;

 private:
  friend class DicomParser;
  using Elements = std::map<std::uint32_t, std::string>;
  const std::string* find(std::uint32_t tag, std::size_t frame) const;

  Elements elements_, shared_;
  std::vector<Elements> of_frames_;
};

/// One frame: gray values after the rescale of the file, or colours from 0 to 255. A data error that begins with
/// `name` if it is damaged or of a kind that is not read.
RawFrame decode_frame(const DicomHeader& header, std::size_t frame, const std::string& name);

/// Whether these first bytes are those of a DICOM file; without DICOM's mark only if the name ends with .dcm.
bool begins_like_dicom(std::string_view first_bytes, const std::string& name);

}  // namespace belamy
