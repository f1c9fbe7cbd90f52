// JPEG, by libjpeg-turbo.
#include <csetjmp>
#include <cstddef>
#include <cstdio>

// clang-format off
#include <jpeglib.h>  // needs the two above
#include <jerror.h>   // its codes depend on what jpeglib.h defines
// clang-format on

#include "data/codecs.h"

namespace belamy {
namespace {

// As in codec_png.cpp: longjmp skips destructors, so what owns memory lives here.
struct JpegReader {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  std::string reason;
  bool ended = false;  // the file ended before its last marker
  std::vector<std::uint8_t> pixels;

  ~JpegReader() { jpeg_destroy_decompress(&jpeg); }
};

[[noreturn]] void fail(j_common_ptr jpeg) {
  auto& reader = *static_cast<JpegReader*>(jpeg->client_data);
  char text[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, text);
  reader.reason = text;
  std::longjmp(reader.jump, 1);
}

// These warnings of libjpeg mean lost pixels, which it fills with gray. The others name oddities that every
// viewer ignores: scan parameters that a sequential picture does not use, bytes between two segments, an
// unknown version of JFIF or Adobe's marker.
bool loses_pixels(int code) {
  return code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE ||
         code == JWRN_MUST_RESYNC;
}

void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  if (loses_pixels(jpeg->err->msg_code)) fail(jpeg);
  if (jpeg->err->msg_code == JWRN_JPEG_EOF) static_cast<JpegReader*>(jpeg->client_data)->ended = true;
}

bool read_header(JpegReader& reader, std::string_view bytes) {
  if (setjmp(reader.jump)) return false;
  jpeg_create_decompress(&reader.jpeg);
  jpeg_mem_src(&reader.jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_save_markers(&reader.jpeg, JPEG_APP0 + 1, 0xffff);  // holds EXIF
  jpeg_read_header(&reader.jpeg, TRUE);
  switch (reader.jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE: reader.jpeg.out_color_space = JCS_GRAYSCALE; break;
    case JCS_CMYK:
    case JCS_YCCK: reader.jpeg.out_color_space = JCS_CMYK; break;
    default: reader.jpeg.out_color_space = JCS_RGB;
  }
  return true;
}

bool start(JpegReader& reader) {
  if (setjmp(reader.jump)) return false;
  jpeg_start_decompress(&reader.jpeg);
  return true;
}

bool read_rows(JpegReader& reader) {
  if (setjmp(reader.jump)) return false;
  const std::size_t stride =
      static_cast<std::size_t>(reader.jpeg.output_width) * reader.jpeg.output_components;
  while (reader.jpeg.output_scanline < reader.jpeg.output_height) {
    JSAMPROW row = reader.pixels.data() + reader.jpeg.output_scanline * stride;
    jpeg_read_scanlines(&reader.jpeg, &row, 1);
  }
  // If a single scan gave all its rows, only the marker behind it is missing. Of several scans those that
  // make the picture sharp may be missing, and the arithmetic decoder does not report where its data end.
  if (reader.ended && (jpeg_has_multiple_scans(&reader.jpeg) || reader.jpeg.arith_code)) {
    reader.reason = "the file is cut short";
    return false;
  }
  jpeg_finish_decompress(&reader.jpeg);
  return true;
}

// Adobe stores inks inverted (255 is no ink), plain CMYK does not.
std::vector<std::uint8_t> cmyk_to_rgb(const std::vector<std::uint8_t>& inks, bool inverted) {
  std::vector<std::uint8_t> rgb(inks.size() / 4 * 3);
  for (std::size_t i = 0; i < inks.size() / 4; ++i) {
    const auto light = [&](int c) { return inverted ? inks[i * 4 + c] : 255 - inks[i * 4 + c]; };
    for (int c = 0; c < 3; ++c) {
      rgb[i * 3 + c] = static_cast<std::uint8_t>((light(c) * light(3) + 127) / 255);
    }
  }
  return rgb;
}

// How the camera was held: 1 (upright) to 8, from the first directory of EXIF's TIFF; 1 if that is missing
// or damaged.
int orientation_of(const jpeg_decompress_struct& jpeg) {
  for (auto* marker = jpeg.marker_list; marker; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (marker->marker != JPEG_APP0 + 1 || data.substr(0, 6) != std::string_view("Exif\0\0", 6)) continue;
    const auto tiff = data.substr(6);
    const bool little = tiff.substr(0, 2) == "II";
    const auto number = [&](std::size_t at, std::size_t length) -> std::size_t {
      if (at + length > tiff.size()) return 0;
      std::size_t value = 0;
      for (std::size_t i = 0; i < length; ++i)
        value = value << 8 | static_cast<std::uint8_t>(tiff[at + (little ? length - 1 - i : i)]);
      return value;
    };
    const auto directory = number(4, 4), entries = number(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
      const auto entry = directory + 2 + 12 * i;
      if (number(entry, 2) != 0x0112) continue;
      const auto found = number(entry + 8, 2);
      return found >= 1 && found <= 8 ? static_cast<int>(found) : 1;
    }
  }
  return 1;
}

Image turned(Image stored, int orientation) {
  if (orientation == 1) return stored;
  const bool sideways = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image image{
      sideways ? stored.height : stored.width, sideways ? stored.width : stored.height, stored.channels, {}};
  image.pixels.reserve(stored.pixels.size());
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const int across = sideways ? y : x, down = sideways ? x : y;
      const auto column = static_cast<std::size_t>(from_right ? stored.width - 1 - across : across);
      const auto row = static_cast<std::size_t>(from_below ? stored.height - 1 - down : down);
      const auto* from = &stored.pixels[(row * static_cast<std::size_t>(stored.width) + column) *
                                        static_cast<std::size_t>(stored.channels)];
      image.pixels.insert(image.pixels.end(), from, from + stored.channels);
    }
  }
  return image;
}

}  // namespace

Image decode_jpeg(std::string_view bytes, const std::string& name) {
  JpegReader reader;
  reader.jpeg.err = jpeg_std_error(&reader.errors);
  reader.jpeg.client_data = &reader;
  reader.errors.error_exit = fail;
  reader.errors.emit_message = on_message;
  if (!read_header(reader, bytes)) throw image_error(name, "damaged JPEG: " + reader.reason);
  // Every block of 8x8 pixels takes at least one bit.
  check_claim(name, reader.jpeg.image_width, reader.jpeg.image_height, bytes.size(), 64.0 * 8 * 4);
  if (!start(reader)) throw image_error(name, "damaged JPEG: " + reader.reason);

  const int channels = reader.jpeg.output_components;
  Image image{static_cast<int>(reader.jpeg.output_width),
              static_cast<int>(reader.jpeg.output_height),
              channels == 1 ? 1 : 3,
              {}};
  const int orientation = orientation_of(reader.jpeg);
  reader.pixels.resize(static_cast<std::size_t>(image.width) * image.height * channels);
  if (!read_rows(reader)) throw image_error(name, "damaged JPEG: " + reader.reason);
  image.pixels =
      channels == 4 ? cmyk_to_rgb(reader.pixels, reader.jpeg.saw_Adobe_marker) : std::move(reader.pixels);
  return turned(std::move(image), orientation);
}

}  // namespace belamy
