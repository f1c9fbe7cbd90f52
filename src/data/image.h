// 8-bit images in memory: codecs, resizing, contact sheets. No torch here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// Interleaved 8-bit pixels, row by row: pixels[(y * width + x) * channels + c], channels 1 (gray) or
/// 3 (RGB).
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<std::uint8_t> pixels;
};

/// Decodes PNG (1/2/4/8/16 bits, gray, RGB, palette, alpha), JPEG (gray, RGB, CMYK) or binary/ASCII PGM/PPM,
/// recognised by the first bytes. Alpha is composited over white. 16 bits are rounded to 8; unscaled values
/// of fewer bits, as a PNG's sBIT tells, are stretched. A JPEG is turned upright as its EXIF says. Damage
/// that loses no pixels is ignored; other damage is a data error whose message starts with `name`. Headers
/// are not trusted: an image has at most 2^28 pixels.
Image decode_image(std::string_view bytes, const std::string& name);

/// The bytes of a PNG file; deterministic. With `marked` the file holds png_mark, so that a later command
/// knows that it is not one of the user's own.
std::string encode_png(const Image& image, bool marked = false);
inline constexpr std::string_view png_mark("Software\0Belamy", 15);

/// The bytes of a looping animated WebP (lossless); all frames of one size. `milliseconds` is per frame.
std::string encode_animation(const std::vector<Image>& frames, int milliseconds);

/// The filter of a resize. It is widened with a reduction, which prevents aliasing; Pillow's filters of these names
/// do the same.
enum class Filter {
  bilinear,
  bicubic  ///< Keys 1981 with a = -0.5, the one of super-resolution's data sets
};
Image resize(const Image& image, int width, int height, Filter filter = Filter::bilinear);

/// From 1 to 3 channels by copying, from 3 to 1 as Rec. 601 luma.
Image convert_channels(const Image& image, int channels);

/// How an image gets a size with another ratio of its sides.
enum class Fit {
  crop,  ///< centre crop to the wanted ratio, then resize
  pad,   ///< resize until it fits, then pad with the mean colour of the border; an image that would grow by
         ///< less than a quarter (28 to 32) is only padded, which keeps it sharp
  stretch,  ///< resize both sides independently
};
Image fit_image(const Image& image, int width, int height, Fit fit);

/// A rectangle in pixels, from (left, top) up to (right, bottom): the first pixel alone is 0, 0, 1, 1.
struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;
};
/// Where a box of an image of `from` pixels lies after fit_image: cut off at the sides of the new image.
Box fit_box(const Box& box, int from_width, int from_height, int width, int height, Fit fit);

/// Images of one size side by side in `columns` columns with a gap of `gap` pixels of value `background`,
/// each enlarged by the integer factor `scale` (nearest neighbour).
Image contact_sheet(const std::vector<Image>& images, int columns, int gap = 2, int scale = 1,
                    std::uint8_t background = 255);

}  // namespace belamy
