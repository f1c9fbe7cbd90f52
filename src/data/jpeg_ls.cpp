// JPEG-LS (ITU-T T.87), which DICOM files use: each value is predicted from its neighbours, and the difference is stored
// in a Golomb code that adapts to the neighbourhood. CharLS reads it too, but does not come to an end with some damaged files.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>

#include "data/codecs.h"
#include "data/frame_codecs.h"
#include "data/jpeg_parts.h"

namespace belamy {
namespace {

constexpr std::array<int, 32> kRunBits = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,  2,  3,  3,  3,  3,
                                          4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// The bit after a byte of ones is none of the data.
class StuffedBits final : public JpegBits {
 public:
  using JpegBits::JpegBits;
  bool ended() const { return beyond_ > 4; }

 private:
  void fill() override {
    const bool after_ones = current_ == 0xff;
    if (at_ >= bytes_.size() || (after_ones && byte(at_) >= 0x80)) return pad();
    current_ = byte(at_++);
    left_ = after_ones ? 7 : 8;
  }
};

class JpegLsDecoder {
 public:
  JpegLsDecoder(std::string_view bytes, const std::string& name, RawFrame shape)
      : size_(bytes.size()), segments_(bytes, name, "JPEG-LS"), name_(name), frame_(std::move(shape)) {}

  RawFrame decode() {
    std::size_t done = 0;
    while (bits_ == 0 || done < static_cast<std::size_t>(frame_.channels)) {
      std::string_view data;
      const int marker = segments_.next(data);
      if (marker == 0xf7) read_shape(data);
      if (marker == 0xf8) read_parameters(data);
      if (marker == 0xdd) throw segments_.wrong("restarts are not read");
      if (marker == 0xda) done += read_scan(data, done);
    }
    return std::move(frame_);
  }

 private:
  struct Context {
    std::int64_t a = 0;
    int b = 0, c = 0, n = 1;
  };

  static int at(std::string_view data, std::size_t i) { return static_cast<std::uint8_t>(data[i]); }

  void read_shape(std::string_view data) {
    if (data.size() < 6 || bits_ != 0) throw segments_.wrong("its header is damaged");
    const auto height = jpeg_number(data, 1), width = jpeg_number(data, 3),
               channels = static_cast<std::size_t>(at(data, 5));
    if (width != static_cast<std::size_t>(frame_.width) ||
        height != static_cast<std::size_t>(frame_.height) ||
        channels != static_cast<std::size_t>(frame_.channels))
      throw segments_.wrong(fmt::format("{}x{} pixels of {} values, where the file says {}x{} of {}", width,
                                        height, channels, frame_.width, frame_.height, frame_.channels));
    bits_ = at(data, 0);
    if (bits_ < 2 || bits_ > 16) throw segments_.wrong(fmt::format("{} bits a value", bits_));
    // A run of equal values in a line takes about a bit for 2^15 of them.
    check_claim(name_, width, height * channels, size_, 8.0 * (1 << 15));
    frame_.values.assign(width * height * channels, 0);
  }

  void read_parameters(std::string_view data) {
    if (data.size() < 11 || at(data, 0) != 1) throw segments_.wrong("tables of values are not read");
    for (std::size_t i = 0; i < given_.size(); ++i)
      given_[i] = static_cast<int>(jpeg_number(data, 1 + 2 * i));
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

  // Returns how many channels it holds; `done` come before them.
  std::size_t read_scan(std::string_view data, std::size_t done) {
    const auto count = data.empty() ? 0 : static_cast<std::size_t>(at(data, 0));
    const auto channels = static_cast<std::size_t>(frame_.channels);
    if (bits_ == 0 || count == 0 || data.size() < 4 + 2 * count || done + count > channels)
      throw segments_.wrong("its scan header is damaged");
    near_ = at(data, 1 + 2 * count);
    const int interleaved = at(data, 2 + 2 * count);
    if (at(data, 3 + 2 * count) != 0 || interleaved > 2 || (interleaved == 0 && count > 1))
      throw segments_.wrong("its scan is of a kind that is not read");
    if (near_ > std::min(255, ((1 << bits_) - 1) / 2)) throw segments_.wrong("its scan header is damaged");
    set_parameters();
    StuffedBits bits(segments_.rest());
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
      if (bits.ended()) throw segments_.wrong("its data are cut short");
      std::swap(above, line);
    }
    segments_.skip(bits.used());
    return count;
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
    // No error of an intact file is larger than the range.
    if (zeros < most) return std::min((zeros << k) + bits.bits(k), 2 * range_);
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

  static int code_length(std::int64_t n, std::int64_t a) {
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

  std::size_t size_;
  JpegSegments segments_;
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
