#include "data/jpeg_parts.h"

#include "data/codecs.h"

namespace belamy {

// Data hold no byte of 0x80 or more behind one of ones, except in a marker.
int JpegSegments::next(std::string_view& data) {
  while (at_ + 1 < bytes_.size() && !(byte(at_) == 0xff && byte(at_ + 1) >= 0x80 && byte(at_ + 1) < 0xff))
    ++at_;
  if (at_ + 1 >= bytes_.size()) throw wrong("it ends before its data");
  const int marker = byte(at_ + 1);
  at_ += 2;
  data = {};
  if (marker == 0xd8 || (marker >= 0xd0 && marker <= 0xd7)) return marker;
  if (marker == 0xd9) throw wrong("it ends before its data");
  if (at_ + 2 > bytes_.size()) throw wrong("a segment is cut short");
  const auto length = jpeg_number(bytes_, at_);
  if (length < 2 || length > bytes_.size() - at_) throw wrong("a segment is cut short");
  data = bytes_.substr(at_ + 2, length - 2);
  at_ += length;
  return marker;
}

Error JpegSegments::wrong(const std::string& what) const {
  return image_error(name_, std::string(format_) + ": " + what);
}

}  // namespace belamy
