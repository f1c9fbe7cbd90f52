// Lossless JPEG (ISO 10918-1, process 14), common in DICOM files: each value is predicted from its neighbours, and the
// difference is stored in a Huffman code.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>

#include "data/codecs.h"
#include "data/frame_codecs.h"
#include "data/jpeg_parts.h"

namespace belamy {
namespace {

constexpr const char* kFormat = "damaged lossless JPEG";

// A Huffman code as the standard decodes it: the codes of a length are consecutive numbers.
struct Code {
  std::array<int, 17> first{}, count{}, place{};  // by length
  std::vector<std::uint8_t> symbols;
};

// A zero follows each byte of ones.
class LosslessBits final : public JpegBits {
 public:
  using JpegBits::JpegBits;

  /// Goes on behind the restart marker; false if there is none.
  bool restart() {
    left_ = 0;
    while (at_ + 1 < bytes_.size() && byte(at_) == 0xff && byte(at_ + 1) == 0xff) ++at_;
    if (at_ + 1 >= bytes_.size() || byte(at_) != 0xff || (byte(at_ + 1) & 0xf8) != 0xd0) return false;
    at_ += 2;
    return true;
  }
  bool ended() const { return beyond_ > 2; }

 private:
  void fill() override {
    const bool marker = at_ + 1 < bytes_.size() && byte(at_) == 0xff && byte(at_ + 1) != 0;
    if (at_ >= bytes_.size() || marker) return pad();
    current_ = byte(at_);
    left_ = 8;
    at_ += current_ == 0xff ? 2 : 1;
  }
};

class LosslessDecoder {
 public:
  LosslessDecoder(std::string_view bytes, const std::string& name, RawFrame shape)
      : size_(bytes.size()), segments_(bytes, name, kFormat), name_(name), frame_(std::move(shape)) {}

  RawFrame decode() {
    std::size_t done = 0;
    while (ids_.empty() || done < ids_.size()) {
      std::string_view data;
      const int marker = segments_.next(data);
      if (marker == 0xc3) read_frame(data);
      if (marker == 0xc4) read_codes(data);
      if (marker == 0xdd && data.size() >= 2) interval_ = jpeg_number(data, 0);
      if (marker == 0xda) done += read_scan(data);
    }
    return std::move(frame_);
  }

 private:
  static int at(std::string_view data, std::size_t i) { return static_cast<std::uint8_t>(data[i]); }

  void read_frame(std::string_view data) {
    if (data.size() < 6 || data.size() < 6 + 3 * static_cast<std::size_t>(at(data, 5)) || !ids_.empty())
      throw segments_.wrong("its frame header is wrong");
    precision_ = at(data, 0);
    const auto height = jpeg_number(data, 1), width = jpeg_number(data, 3);
    const auto channels = static_cast<std::size_t>(at(data, 5));
    if (width != static_cast<std::size_t>(frame_.width) ||
        height != static_cast<std::size_t>(frame_.height) ||
        channels != static_cast<std::size_t>(frame_.channels) || precision_ < 2 || precision_ > 16)
      throw segments_.wrong(
          fmt::format("{}x{} pixels of {} values, {} bits each, where the file says {}x{} of {}", width,
                      height, channels, precision_, frame_.width, frame_.height, frame_.channels));
    for (std::size_t c = 0; c < channels; ++c) {
      if (at(data, 7 + 3 * c) != 0x11) throw segments_.wrong("channels of different size are not read");
      ids_.push_back(at(data, 6 + 3 * c));
    }
    // Every value takes at least one bit.
    check_claim(name_, width, height * channels, size_, 8);
    frame_.values.assign(width * height * channels, 0);
  }

  void read_codes(std::string_view data) {
    while (data.size() >= 17) {
      Code code;
      std::size_t symbols = 0;
      int first = 0, place = 0;
      for (int length = 1; length <= 16; ++length) {
        const auto l = static_cast<std::size_t>(length);
        code.first[l] = first;
        code.place[l] = place;
        code.count[l] = at(data, l);
        symbols += static_cast<std::size_t>(code.count[l]);
        place += code.count[l];
        first = (first + code.count[l]) << 1;
      }
      if (data.size() < 17 + symbols) throw segments_.wrong("a Huffman table is cut short");
      for (std::size_t i = 0; i < symbols; ++i)
        code.symbols.push_back(static_cast<std::uint8_t>(data[17 + i]));
      codes_[static_cast<std::size_t>(at(data, 0) & 15)] = std::move(code);
      data.remove_prefix(17 + symbols);
    }
  }

  // Returns how many channels it holds.
  std::size_t read_scan(std::string_view data) {
    const auto count = data.empty() ? 0 : static_cast<std::size_t>(at(data, 0));
    if (ids_.empty() || count == 0 || count > ids_.size() || data.size() < 4 + 2 * count)
      throw segments_.wrong("its scan header is wrong");
    std::vector<std::pair<std::size_t, const Code*>> channels;
    for (std::size_t c = 0; c < count; ++c) {
      const auto id = std::find(ids_.begin(), ids_.end(), at(data, 1 + 2 * c));
      const auto& code = codes_[static_cast<std::size_t>(at(data, 2 + 2 * c) >> 4)];
      if (id == ids_.end() || !code) throw segments_.wrong("its scan header is wrong");
      channels.emplace_back(static_cast<std::size_t>(id - ids_.begin()), &*code);
    }
    const int predictor = at(data, 1 + 2 * count), shift = at(data, 3 + 2 * count) & 15;
    if (predictor < 1 || predictor > 7 || shift >= precision_)
      throw segments_.wrong(fmt::format("predictor {} is not known", predictor));
    const auto width = static_cast<std::size_t>(frame_.width);
    if (interval_ % width != 0) throw segments_.wrong("restarts within a line are not read");
    read_values(channels, predictor, shift);
    return count;
  }

  void read_values(const std::vector<std::pair<std::size_t, const Code*>>& channels, int predictor,
                   int shift) {
    const auto width = static_cast<std::size_t>(frame_.width),
               height = static_cast<std::size_t>(frame_.height), all = ids_.size();
    const auto lines = interval_ / width;
    std::vector<std::vector<int>> above(channels.size(), std::vector<int>(width)), line = above;
    LosslessBits bits(segments_.rest());
    for (std::size_t y = 0; y < height; ++y) {
      const bool restart = lines > 0 && y > 0 && y % lines == 0;
      if (restart && !bits.restart()) throw segments_.wrong("a restart marker is missing");
      const bool first = y == 0 || restart;
      for (std::size_t x = 0; x < width; ++x) {
        for (std::size_t c = 0; c < channels.size(); ++c) {
          const auto& up = above[c];
          auto& row = line[c];
          int guess = 1 << (precision_ - shift - 1);
          if (first && x > 0) guess = row[x - 1];
          if (!first) guess = x == 0 ? up[0] : predict(predictor, row[x - 1], up[x], up[x - 1]);
          row[x] = (guess + difference(bits, *channels[c].second)) & 0xffff;
          frame_.values[(y * width + x) * all + channels[c].first] = row[x] << shift;
        }
      }
      if (bits.ended()) throw segments_.wrong("its data are cut short");
      std::swap(above, line);
    }
    segments_.skip(bits.used());
  }

  static int predict(int predictor, int left, int up, int corner) {
    switch (predictor) {
      case 1: return left;
      case 2: return up;
      case 3: return corner;
      case 4: return left + up - corner;
      case 5: return left + ((up - corner) >> 1);
      case 6: return up + ((left - corner) >> 1);
      default: return (left + up) >> 1;
    }
  }

  int difference(LosslessBits& bits, const Code& code) const {
    int number = 0;
    for (std::size_t length = 1; length <= 16; ++length) {
      number = number << 1 | bits.bit();
      const int place = number - code.first[length];
      if (place < 0 || place >= code.count[length]) continue;
      const int size = code.symbols[static_cast<std::size_t>(code.place[length] + place)];
      if (size == 0) return 0;
      if (size == 16) return 32768;
      if (size > 16) break;
      const int value = bits.bits(size);
      return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
    }
    throw segments_.wrong("a code is not in its table");
  }

  std::size_t size_;
  JpegSegments segments_;
  const std::string& name_;
  RawFrame frame_;
  int precision_ = 0;
  std::vector<int> ids_;  // of the channels
  std::array<std::optional<Code>, 16> codes_;
  std::size_t interval_ = 0;
};

}  // namespace

RawFrame decode_lossless_jpeg(std::string_view bytes, const std::string& name, RawFrame shape) {
  return LosslessDecoder(bytes, name, std::move(shape)).decode();
}

JpegKind jpeg_kind(std::string_view bytes) {
  const std::string name;
  JpegSegments segments(bytes, name, kFormat);
  try {
    for (;;) {
      std::string_view data;
      const int marker = segments.next(data);
      const bool frame =
          marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
      if (frame && !data.empty()) return {marker == 0xc3, static_cast<std::uint8_t>(data[0])};
      if (marker == 0xda) return {};
    }
  } catch (const Error&) {
    return {};  // the decoder reports the damage
  }
}

}  // namespace belamy
