// Frames in DICOM files: RLE here, JPEG by libjpeg-turbo, JPEG 2000 by OpenJPEG. Lossless JPEG, which libjpeg-turbo does not
// read, and JPEG-LS have files of their own. GDCM would read all of them, but its decoders check with assert() and exit().
#include "data/frame_codecs.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <openjpeg.h>

#include "data/codecs.h"

namespace belamy {
namespace {

void check_frame_shape(const std::string& name, const RawFrame& shape, std::uint64_t width,
                       std::uint64_t height, std::uint64_t channels) {
  if (width == static_cast<std::uint64_t>(shape.width) &&
      height == static_cast<std::uint64_t>(shape.height) &&
      channels == static_cast<std::uint64_t>(shape.channels))
    return;
  throw image_error(name, fmt::format("the frame has {}x{} pixels of {} values, the file says {}x{} of {}",
                                      width, height, channels, shape.width, shape.height, shape.channels));
}

std::size_t values_in(const RawFrame& shape) {
  return static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height) *
         static_cast<std::size_t>(shape.channels);
}

// Unpacks one segment of PackBits; at most `most` bytes.
std::string unpack_segment(std::string_view from, std::size_t most) {
  std::string to;
  for (std::size_t at = 0; at < from.size() && to.size() < most;) {
    const auto code = static_cast<signed char>(from[at++]);
    if (code >= 0) {
      to.append(from.substr(at, static_cast<std::size_t>(code) + 1));
      at += static_cast<std::size_t>(code) + 1;
    } else if (code != -128 && at < from.size()) {
      to.append(static_cast<std::size_t>(1 - code), from[at++]);
    }
  }
  return to;
}

// The bytes of a frame as OpenJPEG reads them.
struct FrameStream {
  std::string_view bytes;
  std::size_t at = 0;

  static OPJ_SIZE_T read(void* to, OPJ_SIZE_T count, void* self) {
    auto& stream = *static_cast<FrameStream*>(self);
    const auto got = std::min(count, stream.bytes.size() - stream.at);
    if (got == 0) return static_cast<OPJ_SIZE_T>(-1);
    std::memcpy(to, stream.bytes.data() + stream.at, got);
    stream.at += got;
    return got;
  }
  static OPJ_OFF_T skip(OPJ_OFF_T count, void* self) {
    auto& stream = *static_cast<FrameStream*>(self);
    const auto left = static_cast<OPJ_OFF_T>(stream.bytes.size() - stream.at);
    if (count < 0) return -1;
    const auto done = std::min(count, left);
    stream.at += static_cast<std::size_t>(done);
    return done;
  }
  static OPJ_BOOL seek(OPJ_OFF_T to, void* self) {
    auto& stream = *static_cast<FrameStream*>(self);
    if (to < 0 || static_cast<std::size_t>(to) > stream.bytes.size()) return OPJ_FALSE;
    stream.at = static_cast<std::size_t>(to);
    return OPJ_TRUE;
  }
};

// OpenJPEG allocates for every tile that a header names; each has at least two markers of its own in the file.
void check_tiles(std::string_view bytes, const std::string& name) {
  const auto start = bytes.find("\xff\x4f\xff\x51");
  if (start == std::string_view::npos || bytes.size() - start < 40)
    throw image_error(name, "damaged JPEG 2000: no header");
  const auto number = [&](std::size_t field) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<std::uint8_t>(bytes[start + 8 + 4 * field + i]);
    return value;
  };
  constexpr std::uint64_t bytes_of_tile = 14;
  std::uint64_t tiles = 1;
  for (const std::size_t axis : {0, 1}) {
    const auto end = number(axis), tile = number(4 + axis), first = number(6 + axis);
    if (tile == 0 || first > end) throw image_error(name, "damaged JPEG 2000: its tiles make no sense");
    tiles *= (end - first + tile - 1) / tile;
  }
  if (tiles > bytes.size() / bytes_of_tile)
    throw image_error(name, fmt::format("damaged JPEG 2000: {} tiles in {} bytes", tiles, bytes.size()));
}

void keep_message(const char* text, void* to) {
  auto& message = *static_cast<std::string*>(to);
  if (message.empty()) message = text;
  while (!message.empty() && message.back() == '\n') message.pop_back();
}

template <auto Function>
struct Calls {
  template <class T>
  void operator()(T* object) const {
    Function(object);
  }
};

}  // namespace

RawFrame decode_rle(std::string_view bytes, const std::string& name, RawFrame shape, int bytes_per_value) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
    return static_cast<std::size_t>(value);
  };
  constexpr std::size_t header = 64;
  if (bytes.size() < header) throw image_error(name, "the RLE frame is cut short");
  const auto planes = static_cast<std::size_t>(shape.channels * bytes_per_value);
  if (number(0) != planes)
    throw image_error(name, fmt::format("the RLE frame has {} segments in place of {}", number(0), planes));
  check_claim(name, static_cast<std::uint64_t>(shape.width), static_cast<std::uint64_t>(shape.height),
              bytes.size(), 64);
  const auto pixels = static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
  shape.values.assign(values_in(shape), 0);
  // The most significant bytes come first.
  for (std::size_t s = 0; s < planes; ++s) {
    const auto start = number(4 + 4 * s), end = s + 1 < planes ? number(8 + 4 * s) : bytes.size();
    if (start < header || start > end || end > bytes.size())
      throw image_error(name, "an RLE segment lies outside of the frame");
    const auto plane = unpack_segment(bytes.substr(start, end - start), pixels);
    if (plane.size() < pixels) throw image_error(name, "an RLE segment is cut short");
    const auto channel = s / static_cast<std::size_t>(bytes_per_value);
    for (std::size_t p = 0; p < pixels; ++p) {
      auto& value = shape.values[p * static_cast<std::size_t>(shape.channels) + channel];
      value = value * 256 + static_cast<std::uint8_t>(plane[p]);
    }
  }
  return shape;
}

RawFrame decode_jpeg_2000(std::string_view bytes, const std::string& name, RawFrame shape) {
  check_tiles(bytes, name);
  std::string message;
  const bool boxed = bytes.substr(0, 12) == std::string_view("\0\0\0\x0cjP  \r\n\x87\n", 12);
  const std::unique_ptr<opj_codec_t, Calls<opj_destroy_codec>> codec(
      opj_create_decompress(boxed ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
  const std::unique_ptr<opj_stream_t, Calls<opj_stream_destroy>> stream(opj_stream_default_create(OPJ_TRUE));
  FrameStream source{bytes};
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), bytes.size());
  opj_stream_set_read_function(stream.get(), FrameStream::read);
  opj_stream_set_skip_function(stream.get(), FrameStream::skip);
  opj_stream_set_seek_function(stream.get(), FrameStream::seek);
  opj_set_error_handler(codec.get(), keep_message, &message);
  opj_dparameters_t parameters{};
  opj_set_default_decoder_parameters(&parameters);
  const auto fail = [&] {
    return image_error(name, "damaged JPEG 2000: " + (message.empty() ? "it cannot be decoded" : message));
  };
  if (!opj_setup_decoder(codec.get(), &parameters)) throw fail();
  opj_image_t* read = nullptr;
  const bool header = opj_read_header(stream.get(), codec.get(), &read);
  const std::unique_ptr<opj_image_t, Calls<opj_image_destroy>> image(read);
  if (!header || !image) throw fail();
  check_frame_shape(name, shape, image->x1 - image->x0, image->y1 - image->y0, image->numcomps);
  check_claim(name, image->x1 - image->x0, image->y1 - image->y0, bytes.size(), 1 << 16);
  if (!opj_decode(codec.get(), stream.get(), image.get())) throw fail();
  shape.values.resize(values_in(shape));
  for (std::uint32_t c = 0; c < image->numcomps; ++c) {
    const auto& component = image->comps[c];
    if (!component.data) throw fail();
    check_frame_shape(name, shape, component.w, component.h, image->numcomps);
    for (std::size_t p = 0; p < values_in(shape) / image->numcomps; ++p)
      shape.values[p * image->numcomps + c] = component.data[p];
  }
  return shape;
}

RawFrame decode_lossy_jpeg(std::string_view bytes, const std::string& name, RawFrame shape, bool rgb) {
  std::string marked(bytes);
  // libjpeg takes three channels for YCbCr, and so does JFIF; Adobe's marker says that they are RGB.
  const std::string_view adobe(
      "\xff\xee\0\x0e"
      "Adobe",
      9);
  if (rgb && shape.channels == 3 && bytes.substr(0, 1024).find(adobe) == std::string_view::npos) {
    const bool jfif = marked.size() > 6 && marked.compare(2, 2, "\xff\xe0") == 0;
    if (jfif)
      marked.erase(2, 2 + (static_cast<std::uint8_t>(marked[4]) << 8 | static_cast<std::uint8_t>(marked[5])));
    if (marked.size() > 2) marked.insert(2, std::string(adobe) + std::string("\0\x64\0\0\0\0\0", 7));
  }
  const auto image = decode_jpeg(marked, name);
  check_frame_shape(name, shape, static_cast<std::uint64_t>(image.width),
                    static_cast<std::uint64_t>(image.height), static_cast<std::uint64_t>(image.channels));
  shape.values.assign(image.pixels.begin(), image.pixels.end());
  return shape;
}

}  // namespace belamy
