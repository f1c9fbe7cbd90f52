// PNG, by libpng.
#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <png.h>

#include "belamy/error.h"

#include "data/codecs.h"

namespace belamy {
namespace {

// libpng reports errors by longjmp, which skips destructors. So everything that owns memory lives in these
// structs, outside of the functions that call setjmp.
struct PngReader {
  std::string_view bytes;
  std::size_t at = 0;
  std::string reason;
  png_structp png = nullptr;
  png_infop info = nullptr;
  png_uint_32 width = 0, height = 0;
  int channels = 0;
  int depth = 0;                        // of the rows, 8 or 16
  int colour_bits = 0, alpha_bits = 0;  // of a sample, by the chunk sBIT; 0: unknown
  std::vector<std::uint8_t> pixels;
  std::vector<png_bytep> rows;

  unsigned sample(std::size_t i) const {
    return static_cast<unsigned>(pixels[2 * i] << 8 | pixels[2 * i + 1]);
  }

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

struct PngWriter {
  std::string mark;  // key, zero, text; or empty
  std::string out;
  std::string reason;
  png_structp png = nullptr;
  png_infop info = nullptr;

  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

template <class State>
void on_error(png_structp png, png_const_charp text) {
  static_cast<State*>(png_get_error_ptr(png))->reason = text;
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep to, std::size_t count) {
  auto& reader = *static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader.bytes.size() - reader.at) png_error(png, "the file is cut short");
  std::memcpy(to, reader.bytes.data() + reader.at, count);
  reader.at += count;
}

void write_bytes(png_structp png, png_bytep from, std::size_t count) {
  static_cast<PngWriter*>(png_get_io_ptr(png))->out.append(reinterpret_cast<const char*>(from), count);
}

// The number of significant bits of the colours and of alpha, if the file tells; 0: unknown.
void read_significant_bits(PngReader& reader) {
  png_color_8p bits = nullptr;
  if (!png_get_sBIT(reader.png, reader.info, &bits)) return;
  const auto type = png_get_color_type(reader.png, reader.info);
  reader.colour_bits =
      type & PNG_COLOR_MASK_COLOR ? std::max({bits->red, bits->green, bits->blue}) : bits->gray;
  if (type & PNG_COLOR_MASK_ALPHA) reader.alpha_bits = bits->alpha;
}

// Reads the header and asks for gray, gray + alpha, RGB or RGBA, with 8 or 16 bits per channel.
bool read_header(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  png_set_read_fn(reader.png, &reader, read_bytes);
  png_set_user_limits(reader.png, 0x7fffffff, 0x7fffffff);
  png_set_chunk_malloc_max(reader.png, 16 << 20);
  png_read_info(reader.png, reader.info);
  reader.width = png_get_image_width(reader.png, reader.info);
  reader.height = png_get_image_height(reader.png, reader.info);
  read_significant_bits(reader);
  png_set_expand(reader.png);  // palette to RGB, 1/2/4 bits to 8, tRNS to alpha
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  reader.channels = png_get_channels(reader.png, reader.info);
  reader.depth = png_get_bit_depth(reader.png, reader.info);
  return true;
}

bool read_rows(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png))) return false;
  // Nothing after the rows is read: a missing end or a damaged comment loses no pixels.
  png_read_image(reader.png, reader.rows.data());
  return true;
}

// Whether a 16-bit sample is one of `bits` bits, scaled up as PNG requires: the value in the upper bits, and
// below it zeros, its own upper bits or a rounded product.
bool is_scaled_up(unsigned value, int bits) {
  const unsigned upper = value >> (16 - bits), levels = (1u << bits) - 1;
  const unsigned zeros = upper << (16 - bits);
  const unsigned product = (upper * 65535u + levels / 2) / levels;
  return value == zeros || value == (zeros | upper >> std::max(0, 2 * bits - 16)) || value == product;
}

// The value that means full brightness in the 16-bit samples of channels `first` to `last - 1`. A sensor of
// 10 or 12 bits gives a black picture if its values were stored unscaled. If sBIT tells the bits and the
// samples are not scaled up, they are taken as values of that many bits.
unsigned largest_sample(const PngReader& reader, int first, int last, int bits) {
  constexpr unsigned full = 65535;
  if (bits <= 0 || bits >= 16) return full;
  bool scaled_up = true;
  for (std::size_t i = 0; i < reader.pixels.size() / 2; i += static_cast<std::size_t>(reader.channels)) {
    for (int c = first; c < last; ++c) {
      const unsigned value = reader.sample(i + static_cast<std::size_t>(c));
      if (value >> bits != 0) return full;
      scaled_up = scaled_up && is_scaled_up(value, bits);
    }
  }
  return scaled_up ? full : (1u << bits) - 1;
}

// Reduces samples from 16 to 8 bits, by rounding.
void narrow(PngReader& reader) {
  const int colours = reader.channels <= 2 ? 1 : 3;
  const unsigned colour = largest_sample(reader, 0, colours, reader.colour_bits);
  const unsigned alpha = largest_sample(reader, colours, reader.channels, reader.alpha_bits);
  const auto channels = static_cast<std::size_t>(reader.channels);
  const auto count = reader.pixels.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned largest = i % channels < static_cast<std::size_t>(colours) ? colour : alpha;
    reader.pixels[i] = static_cast<std::uint8_t>((reader.sample(i) * 255 + largest / 2) / largest);
  }
  reader.pixels.resize(count);
}

void set_mark(PngWriter& writer) {
  png_text text{};
  text.compression = PNG_TEXT_COMPRESSION_NONE;
  text.key = writer.mark.data();
  text.text = text.key + std::strlen(text.key) + 1;
  png_set_text(writer.png, writer.info, &text, 1);
}

bool write_image(PngWriter& writer, const Image& image) {
  if (setjmp(png_jmpbuf(writer.png))) return false;
  png_set_write_fn(writer.png, &writer, write_bytes, nullptr);
  png_set_IHDR(writer.png, writer.info, image.width, image.height, 8,
               image.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!writer.mark.empty()) set_mark(writer);
  png_write_info(writer.png, writer.info);
  const std::size_t stride = static_cast<std::size_t>(image.width) * image.channels;
  for (int y = 0; y < image.height; ++y) png_write_row(writer.png, image.pixels.data() + y * stride);
  png_write_end(writer.png, nullptr);
  return true;
}

}  // namespace

Image decode_png(std::string_view bytes, const std::string& name) {
  PngReader reader;
  reader.bytes = bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, on_error<PngReader>, on_warning);
  reader.info = png_create_info_struct(reader.png);
  if (!read_header(reader)) throw image_error(name, "damaged PNG: " + reader.reason);

  // Deflate makes at most 1032 bytes of one; a byte holds at most 8 pixels.
  check_claim(name, reader.width, reader.height, bytes.size(), 1032.0 * 8);
  const int channels = reader.channels;
  const std::size_t stride = static_cast<std::size_t>(reader.width) * channels * (reader.depth / 8);
  reader.pixels.resize(stride * reader.height);
  reader.rows.resize(reader.height);
  for (std::size_t y = 0; y < reader.height; ++y) reader.rows[y] = reader.pixels.data() + y * stride;
  if (!read_rows(reader)) throw image_error(name, "damaged PNG: " + reader.reason);
  if (reader.depth == 16) narrow(reader);

  Image image{static_cast<int>(reader.width), static_cast<int>(reader.height), channels <= 2 ? 1 : 3, {}};
  if (channels == image.channels) {
    image.pixels = std::move(reader.pixels);
    return image;
  }
  // Composite over white; alpha is the last channel.
  const std::size_t count = static_cast<std::size_t>(image.width) * image.height;
  image.pixels.resize(count * image.channels);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* from = &reader.pixels[i * channels];
    const int alpha = from[channels - 1];
    for (int c = 0; c < image.channels; ++c) {
      image.pixels[i * image.channels + c] =
          static_cast<std::uint8_t>((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return image;
}

std::string encode_png(const Image& image, bool marked) {
  PngWriter writer;
  writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &writer, on_error<PngWriter>, on_warning);
  writer.info = png_create_info_struct(writer.png);
  if (marked) writer.mark = png_mark;
  if (!write_image(writer, image)) throw Error(ExitCode::internal, "PNG: " + writer.reason);
  return std::move(writer.out);
}

}  // namespace belamy
