// What lossless JPEG and JPEG-LS share: the segments of a file, and the bits of its data. Internal to src/data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "belamy/error.h"

namespace belamy {

/// The segments of a JPEG.
class JpegSegments {
 public:
  /// Messages begin with `name`, then `format`.
  JpegSegments(std::string_view bytes, const std::string& name, const char* format)
      : bytes_(bytes), name_(name), format_(format) {}

  /// The next marker; its segment, if it has one, is in `data`. A data error at the end of the image.
  int next(std::string_view& data);
  Error wrong(const std::string& what) const;
  std::string_view rest() const { return bytes_.substr(at_); }  ///< behind the segment
  void skip(std::size_t count) { at_ += count; }

 private:
  int byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }

  std::string_view bytes_;
  const std::string& name_;
  const char* format_;
  std::size_t at_ = 0;
};

/// The bits of coded data, the highest of a byte first; zeros from a marker or the end on. How bits are stuffed so that data
/// hold no marker differs between formats.
class JpegBits {
 public:
  explicit JpegBits(std::string_view bytes) : bytes_(bytes) {}
  virtual ~JpegBits() = default;

  int bit() {
    if (left_ == 0) fill();
    return current_ >> --left_ & 1;
  }
  int bits(int count) {
    int value = 0;
    while (count-- > 0) value = value << 1 | bit();
    return value;
  }
  std::size_t used() const { return at_; }  ///< bytes

 protected:
  virtual void fill() = 0;  ///< takes the next byte
  int byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }
  void pad() {
    ++beyond_;
    current_ = 0;
    left_ = 8;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  int current_ = 0, left_ = 0;
  int beyond_ = 0;  ///< bytes that were not there
};

/// A big-endian number of 16 bits.
inline std::size_t jpeg_number(std::string_view data, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<std::uint8_t>(data[i]));
  };
  return byte(at) << 8 | byte(at + 1);
}

}  // namespace belamy
