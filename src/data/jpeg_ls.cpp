// JPEG-LS (ITU-T T.87), which DICOM files use: each value is predicted from its neighbours, and the difference is stored
// in a Golomb code that adapts to the neighbourhood. CharLS reads it too, but does not come to an end with some damaged files.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>

#include "data/codecs.h"
#include "data/frame_codecs.h"

namespace belamy {
namespace {

constexpr std::array<int, 32> kRunBits = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,  2,  3,  3,  3,  3,
                                          4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15};

Error wrong_jpeg_ls(const std::string& name, const std::string& what) {
  return image_error(name, "JPEG-LS: " + what);
}

// Bits of the data; the bit after a byte of ones is none of them. Zeros at the end.
class StuffedBits {
 public:
  explicit StuffedBits(std::string_view bytes) : bytes_(bytes) {}

  int bit() {
    if (left_ == 0) fill();
    return current_ >> --left_ & 1;
  }
  int bits(int count) {
    int value = 0;
    while (count-- > 0) value = value << 1 | bit();
    return value;
  }
  bool ended() const { return beyond_ > 4; }
  std::size_t used() const { return at_; }

 private:
  void fill() {
    const bool after_ones = current_ == 0xff;
    const int next = at_ < bytes_.size() ? static_cast<std::uint8_t>(bytes_[at_]) : 0;
    if (at_ >= bytes_.size() || (after_ones && next >= 0x80)) {
      ++beyond_;
      current_ = 0;
      left_ = 8;
      return;
    }
    ++at_;
    current_ = next;
    left_ = after_ones ? 7 : 8;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  int current_ = 0, left_ = 0, beyond_ = 0;
};

class JpegLsDecoder {
 public:
  JpegLsDecoder(std::string_view bytes, const std::string& name, RawFrame shape)
      : bytes_(bytes), name_(name), frame_(std::move(shape)) {}

  RawFrame decode() {
    const auto channels = static_cast<std::size_t>(frame_.channels);
    std::size_t at = 0, done = 0;
    while (bits_ == 0 || done < channels) {
      while (at + 1 < bytes_.size() && !(byte(at) == 0xff && byte(at + 1) >= 0x80 && byte(at + 1) < 0xff))
        ++at;
      if (at + 4 > bytes_.size()) throw wrong_jpeg_ls(name_, "it ends before its data");
      const int marker = byte(at + 1);
      at += 2;
      if (marker == 0xd8) continue;
      const auto length = word(at);
      if (length < 2 || length > bytes_.size() - at) throw wrong_jpeg_ls(name_, "a segment is cut short");
      const auto segment = at + 2, size = length - 2;
      at += length;
      if (marker == 0xf7) read_shape(segment, size);
      if (marker == 0xf8) read_parameters(segment, size);
      if (marker == 0xdd) throw wrong_jpeg_ls(name_, "restarts are not read");
      if (marker == 0xda) at += read_scan(segment, size, at, done);
    }
    return std::move(frame_);
  }

 private:
  struct Context {
    int a = 0, b = 0, c = 0, n = 1;
  };

  int byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }
  std::size_t word(std::size_t at) const { return static_cast<std::size_t>(byte(at) << 8 | byte(at + 1)); }

  void read_shape(std::size_t at, std::size_t size) {
    if (size < 6 || bits_ != 0) throw wrong_jpeg_ls(name_, "its header is damaged");
    const auto height = word(at + 1), width = word(at + 3), channels = static_cast<std::size_t>(byte(at + 5));
    if (width != static_cast<std::size_t>(frame_.width) ||
        height != static_cast<std::size_t>(frame_.height) ||
        channels != static_cast<std::size_t>(frame_.channels))
      throw wrong_jpeg_ls(
          name_, fmt::format("{}x{} pixels of {} values, where the file says {}x{} of {}", width, height,
                             channels, frame_.width, frame_.height, frame_.channels));
    bits_ = byte(at);
    if (bits_ < 2 || bits_ > 16) throw wrong_jpeg_ls(name_, fmt::format("{} bits a value", bits_));
    // A run of equal values in a line takes about a bit for 2^15 of them.
    check_claim(name_, width, height * channels, bytes_.size(), 8.0 * (1 << 15));
    frame_.values.assign(width * height * channels, 0);
  }

  void read_parameters(std::size_t at, std::size_t size) {
    if (size < 11 || byte(at) != 1) throw wrong_jpeg_ls(name_, "tables of values are not read");
    given_ = {static_cast<int>(word(at + 1)), static_cast<int>(word(at + 3)), static_cast<int>(word(at + 5)),
              static_cast<int>(word(at + 7)), static_cast<int>(word(at + 9))};
  }

  void set_parameters() {
    const auto clamp = [&](int value, int least) { return value > most_ || value < least ? least : value; };
    most_ = given_[0] > 0 ? given_[0] : (1 << bits_) - 1;
    if (most_ >= 128) {
      const int factor = (std::min(most_, 4095) + 128) / 256;
      steps_[0] = clamp(factor + 2 + 3 * near_, near_ + 1);
      steps_[1] = clamp(4 * factor + 3 + 5 * near_, steps_[0]);
      steps_[2] = clamp(17 * factor + 4 + 7 * near_, steps_[1]);
    } else {
      const int factor = 256 / (most_ + 1);
      steps_[0] = clamp(std::max(2, 3 / factor + 3 * near_), near_ + 1);
      steps_[1] = clamp(std::max(3, 7 / factor + 5 * near_), steps_[0]);
      steps_[2] = clamp(std::max(4, 21 / factor + 7 * near_), steps_[1]);
    }
    for (std::size_t i = 0; i < 3; ++i) steps_[i] = given_[i + 1] > 0 ? given_[i + 1] : steps_[i];
    reset_ = given_[4] > 0 ? given_[4] : 64;
    range_ = (most_ + 2 * near_) / (2 * near_ + 1) + 1;
    const auto length = [](int value) {
      int bits = 0;
      while (1 << bits < value) ++bits;
      return bits;
    };
    error_bits_ = length(range_);
    const int value_bits = std::max(2, length(most_ + 1));
    limit_ = 2 * (value_bits + std::max(8, value_bits));
    contexts_.fill({std::max(2, (range_ + 32) / 64), 0, 0, 1});
  }

  // Returns how many bytes its data take.
  std::size_t read_scan(std::size_t at, std::size_t size, std::size_t data, std::size_t& done) {
    const auto count = size > 0 ? static_cast<std::size_t>(byte(at)) : 0;
    const auto channels = static_cast<std::size_t>(frame_.channels);
    if (bits_ == 0 || count == 0 || size < 4 + 2 * count || done + count > channels)
      throw wrong_jpeg_ls(name_, "its scan header is damaged");
    near_ = byte(at + 1 + 2 * count);
    const int interleaved = byte(at + 2 + 2 * count);
    if (byte(at + 3 + 2 * count) != 0 || interleaved > 2 || (interleaved == 0 && count > 1))
      throw wrong_jpeg_ls(name_, "its scan is of a kind that is not read");
    if (near_ > std::min(255, ((1 << bits_) - 1) / 2))
      throw wrong_jpeg_ls(name_, "its scan header is damaged");
    set_parameters();
    StuffedBits bits(bytes_.substr(data));
    const auto width = static_cast<std::size_t>(frame_.width);
    // A line has a value before it and one behind it.
    std::vector<std::vector<int>> above(count, std::vector<int>(width + 2)), line = above;
    std::vector<int> runs(count, 0);
    for (std::size_t y = 0; y < static_cast<std::size_t>(frame_.height); ++y) {
      for (std::size_t c = 0; c < count; ++c) {
        above[c][width + 1] = above[c][width];
        line[c][0] = above[c][1];
      }
      if (interleaved == 2) {
        read_line(bits, above, line, runs[0]);
      } else {
        for (std::size_t c = 0; c < count; ++c) {
          std::vector<std::vector<int>> up = {std::move(above[c])}, row = {std::move(line[c])};
          read_line(bits, up, row, runs[c]);
          above[c] = std::move(up[0]);
          line[c] = std::move(row[0]);
        }
      }
      for (std::size_t c = 0; c < count; ++c) {
        for (std::size_t x = 0; x < width; ++x)
          frame_.values[(y * width + x) * channels + done + c] = line[c][x + 1];
      }
      if (bits.ended()) throw wrong_jpeg_ls(name_, "its data are cut short");
      std::swap(above, line);
    }
    done += count;
    return bits.used();
  }

  // One line of the channels that are coded together.
  void read_line(StuffedBits& bits, const std::vector<std::vector<int>>& above,
                 std::vector<std::vector<int>>& line, int& run) {
    const auto width = static_cast<std::size_t>(frame_.width);
    const auto flat = [&](std::size_t x) {
      for (std::size_t c = 0; c < line.size(); ++c) {
        const auto& up = above[c];
        if (std::abs(up[x + 1] - up[x]) > near_ || std::abs(up[x] - up[x - 1]) > near_ ||
            std::abs(up[x - 1] - line[c][x - 1]) > near_)
          return false;
      }
      return true;
    };
    for (std::size_t x = 1; x <= width; ++x) {
      if (!flat(x)) {
        for (std::size_t c = 0; c < line.size(); ++c)
          line[c][x] = regular(bits, line[c][x - 1], above[c][x], above[c][x - 1], above[c][x + 1]);
        continue;
      }
      const auto left = width + 1 - x;
      std::size_t length = 0;
      bool broken = false;
      while (length < left) {
        const auto part = std::size_t{1} << kRunBits[static_cast<std::size_t>(run)];
        if (bits.bit() == 0) {
          length += static_cast<std::size_t>(bits.bits(kRunBits[static_cast<std::size_t>(run)]));
          broken = true;
          break;
        }
        length += part;
        if (length <= left) run = std::min(run + 1, 31);
      }
      length = std::min(length, left);
      for (std::size_t c = 0; c < line.size(); ++c)
        std::fill_n(line[c].begin() + static_cast<std::ptrdiff_t>(x), length, line[c][x - 1]);
      x += length;
      if (!broken || x > width) continue;
      for (std::size_t c = 0; c < line.size(); ++c)
        line[c][x] = interruption(bits, line[c][x - 1], above[c][x], run, line.size() > 1);
      run = std::max(run - 1, 0);
    }
  }

  int quantised(int gradient) const {
    const int size = std::abs(gradient);
    const int level = size <= near_      ? 0
                      : size < steps_[0] ? 1
                      : size < steps_[1] ? 2
                      : size < steps_[2] ? 3
                                         : 4;
    return gradient < 0 ? -level : level;
  }

  int golomb(StuffedBits& bits, int k, int limit) const {
    const int most = limit - error_bits_ - 1;
    int zeros = 0;
    while (zeros < most && bits.bit() == 0) ++zeros;
    if (zeros < most) return (zeros << k) + bits.bits(k);
    bits.bit();
    return bits.bits(error_bits_) + 1;
  }

  int restored(int guess, int error) const {
    const int step = 2 * near_ + 1;
    int value = guess + error * step;
    if (value < -near_) value += range_ * step;
    if (value > most_ + near_) value -= range_ * step;
    return std::clamp(value, 0, most_);
  }

  static int code_length(int n, int a) {
    int k = 0;
    while (k < 24 && (n << k) < a) ++k;
    return k;
  }

  int regular(StuffedBits& bits, int left, int up, int corner, int ahead) {
    int index = 81 * quantised(ahead - up) + 9 * quantised(up - corner) + quantised(corner - left);
    const int sign = index < 0 ? -1 : 1;
    auto& context = contexts_[static_cast<std::size_t>(sign * index)];
    int guess = left + up - corner;
    if (corner >= std::max(left, up))
      guess = std::min(left, up);
    else if (corner <= std::min(left, up))
      guess = std::max(left, up);
    guess = std::clamp(guess + sign * context.c, 0, most_);
    const int k = code_length(context.n, context.a);
    const int mapped = golomb(bits, k, limit_);
    int error = mapped % 2 == 0 ? mapped / 2 : -(mapped + 1) / 2;
    if (near_ == 0 && k == 0 && 2 * context.b <= -context.n) error = -error - 1;
    update(context, error);
    return restored(guess, sign * error);
  }

  void update(Context& context, int error) const {
    context.a += std::abs(error);
    context.b += error * (2 * near_ + 1);
    if (context.n >= reset_) {
      context.a >>= 1;
      context.b = context.b >= 0 ? context.b >> 1 : -((1 - context.b) >> 1);
      context.n >>= 1;
    }
    ++context.n;
    if (context.b <= -context.n) {
      context.b = std::max(context.b + context.n, 1 - context.n);
      context.c = std::max(context.c - 1, -128);
    } else if (context.b > 0) {
      context.b = std::min(context.b - context.n, 0);
      context.c = std::min(context.c + 1, 127);
    }
  }

  // The value that ends a run; `b` of its context counts negative errors.
  int interruption(StuffedBits& bits, int left, int up, int run, bool together) {
    const int kind = !together && std::abs(left - up) <= near_ ? 1 : 0;
    auto& context = contexts_[static_cast<std::size_t>(365 + kind)];
    const int k = code_length(context.n, kind == 1 ? context.a + (context.n >> 1) : context.a);
    const int mapped = golomb(bits, k, limit_ - kRunBits[static_cast<std::size_t>(run)] - 1);
    const int sum = mapped + kind, odd = sum & 1, size = (sum + odd) / 2;
    const bool negative = (k != 0 || 2 * context.b >= context.n) == (odd == 1);
    const int error = negative ? -size : size;
    if (error < 0) ++context.b;
    context.a += (mapped + 1 - kind) >> 1;
    if (context.n >= reset_) {
      context.a >>= 1;
      context.b >>= 1;
      context.n >>= 1;
    }
    ++context.n;
    if (kind == 1) return restored(left, error);
    return restored(up, left > up ? -error : error);
  }

  std::string_view bytes_;
  const std::string& name_;
  RawFrame frame_;
  int bits_ = 0, near_ = 0, most_ = 0, range_ = 0, reset_ = 64, error_bits_ = 0, limit_ = 0;
  std::array<int, 3> steps_{};
  std::array<int, 5> given_{};
  std::array<Context, 367> contexts_{};
};

}  // namespace

RawFrame decode_jpeg_ls(std::string_view bytes, const std::string& name, RawFrame shape) {
  return JpegLsDecoder(bytes, name, std::move(shape)).decode();
}

}  // namespace belamy
