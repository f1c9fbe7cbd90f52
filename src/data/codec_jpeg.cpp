#include <csetjmp>
#include <cstddef>
#include <cstdio>
#include <jerror.h>
#include <jpeglib.h>  // needs the two above

#include "data/codecs.h"

namespace belamy {
namespace {

// As in codec_png.cpp: longjmp skips destructors, so what owns memory lives here.
struct JpegReader {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf jump{};
  std::string reason;
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

// libjpeg fills what is missing with gray and only warns. A picture with a missing part is no training image.
void on_message(j_common_ptr jpeg, int level) {
  const int code = jpeg->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_BOGUS_PROGRESSION;
  if (level < 0 && !harmless) fail(jpeg);
}

bool read_header(JpegReader& reader, std::string_view bytes) {
  if (setjmp(reader.jump)) return false;
  jpeg_create_decompress(&reader.jpeg);
  jpeg_mem_src(&reader.jpeg, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
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
  reader.pixels.resize(static_cast<std::size_t>(image.width) * image.height * channels);
  if (!read_rows(reader)) throw image_error(name, "damaged JPEG: " + reader.reason);
  image.pixels =
      channels == 4 ? cmyk_to_rgb(reader.pixels, reader.jpeg.saw_Adobe_marker) : std::move(reader.pixels);
  return image;
}

}  // namespace belamy
