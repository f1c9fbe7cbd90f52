// PGM and PPM.
#include <fmt/format.h>

#include "core/text.h"
#include "data/codecs.h"

namespace belamy {
namespace {

// The header and the ASCII formats are numbers between white space, with comments from '#' to the line's end.
class PnmParser {
 public:
  PnmParser(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::uint64_t number(const char* what) {
    skip_space();
    if (at_ == bytes_.size()) throw image_error(name_, fmt::format("the file ends before {}", what));
    std::uint64_t value = 0;
    const std::size_t start = at_;
    while (at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9' && value < (1u << 30)) {
      value = value * 10 + static_cast<std::uint64_t>(bytes_[at_++] - '0');
    }
    if (at_ == start || value >= (1u << 30)) {
      throw image_error(name_, fmt::format("no usable number for {} at byte {}", what, start));
    }
    return value;
  }

  /// What follows the single white space after the header: a line end of two bytes, if `count` bytes are left then.
  std::string_view rest(std::size_t count) const {
    const bool two = bytes_.substr(at_).starts_with("\r\n") && bytes_.size() == at_ + 2 + count;
    return bytes_.substr(std::min(at_ + (two ? 2 : 1), bytes_.size()));
  }
  void skip(std::size_t count) { at_ += count; }

 private:
  void skip_space() {
    while (at_ < bytes_.size()) {
      if (bytes_[at_] == '#') {
        at_ = std::min(bytes_.find('\n', at_), bytes_.size());
      } else if (std::string_view(" \t\r\n\v\f").find(bytes_[at_]) != std::string_view::npos) {
        ++at_;
      } else {
        return;
      }
    }
  }

  std::string_view bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
};

}  // namespace

Image decode_pnm(std::string_view bytes, const std::string& name) {
  const char kind = bytes[1];
  const bool ascii = kind == '2' || kind == '3';
  PnmParser parser(bytes, name);
  parser.skip(2);
  const std::uint64_t width = parser.number("the width");
  const std::uint64_t height = parser.number("the height");
  const std::uint64_t top = parser.number("the largest value");
  if (top < 1 || top > 65535)
    throw image_error(name, fmt::format("largest value {}, allowed 1 .. 65535", top));
  check_claim(name, width, height, bytes.size(), 1);

  Image image{static_cast<int>(width), static_cast<int>(height), kind == '2' || kind == '5' ? 1 : 3, {}};
  const std::size_t count = width * height * image.channels;
  const std::size_t each = top > 255 ? 2 : 1;
  // In ASCII a value takes a digit and a space, the last space may be missing.
  const std::size_t least = ascii ? 2 * count - 1 : each * count;
  const std::string_view data = parser.rest(least);
  if (data.size() < least) {
    throw image_error(name, fmt::format("the header says {} x {} x {}, which takes {}; there are {}", width,
                                        height, image.channels, counted(least, "byte"), data.size()));
  }
  image.pixels.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t value = 0;
    if (ascii) {
      value = parser.number("the last pixel");
    } else if (each == 1) {
      value = static_cast<std::uint8_t>(data[i]);
    } else {
      value = static_cast<std::uint64_t>(static_cast<std::uint8_t>(data[2 * i])) << 8 |
              static_cast<std::uint8_t>(data[2 * i + 1]);
    }
    if (value > top)
      throw image_error(name, fmt::format("a pixel of {}, but the largest value is {}", value, top));
    image.pixels[i] = static_cast<std::uint8_t>((value * 255 + top / 2) / top);
  }
  return image;
}

}  // namespace belamy
