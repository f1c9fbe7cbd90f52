// The compressions of frames in DICOM files. Internal to src/data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// A picture of any kind of values, row by row, interleaved.
struct RawFrame {
  int width = 0, height = 0, channels = 1;
  std::vector<double> values;
};

/// Each decodes one frame. `shape` is what the file around it says; a frame of another shape is a data error, as
/// is a damaged one. Messages start with `name`.
RawFrame decode_rle(std::string_view bytes, const std::string& name, RawFrame shape, int bytes_per_value);
RawFrame decode_lossless_jpeg(std::string_view bytes, const std::string& name, RawFrame shape);
RawFrame decode_jpeg_ls(std::string_view bytes, const std::string& name, RawFrame shape);
RawFrame decode_jpeg_2000(std::string_view bytes, const std::string& name, RawFrame shape);
/// 8-bit JPEG of one or three channels; those of three become RGB. With `rgb` they are RGB already, unless the JPEG
/// itself says how its colours are stored.
RawFrame decode_lossy_jpeg(std::string_view bytes, const std::string& name, RawFrame shape, bool rgb);

/// Whether a JPEG is a lossless one (SOF3), and its bits per value; zeros if there is no frame header.
struct JpegKind {
  bool lossless = false;
  int bits = 0;
};
JpegKind jpeg_kind(std::string_view bytes);

}  // namespace belamy
