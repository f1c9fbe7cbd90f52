#include "data/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

using samples::flat;
using samples::png;
using samples::PngOptions;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

// The text of the data error; fails if there is none.
std::string error_of(const std::string& bytes) {
  return message_of(ExitCode::data, [&] { decode_image(bytes, "x.img"); });
}

// 13x9 gray without symmetry.
Image pattern() {
  Image image{13, 9, 1, {}};
  for (int y = 0; y < 9; ++y) {
    for (int x = 0; x < 13; ++x) image.pixels.push_back((x * 37 + y * 91 + x * y * 13) % 256);
  }
  return image;
}

TEST(Png, RoundTripGrayAndColour) {
  const Image gray = pattern();
  EXPECT_EQ(decode_image(encode_png(gray), "x").pixels, gray.pixels);
  const Image colour = convert_channels(gray, 3);
  const Image back = decode_image(encode_png(colour), "x");
  EXPECT_EQ(back.width, 13);
  EXPECT_EQ(back.height, 9);
  EXPECT_EQ(back.channels, 3);
  EXPECT_EQ(back.pixels, colour.pixels);
  EXPECT_EQ(encode_png(gray), encode_png(gray));
}

TEST(Png, AMarkIsInTheHeaderAndChangesNoPixel) {
  const std::string marked = encode_png(pattern(), true);
  EXPECT_LT(marked.find(png_mark), 100u);
  EXPECT_EQ(encode_png(pattern()).find(png_mark), std::string::npos);
  EXPECT_EQ(decode_image(marked, "x").pixels, pattern().pixels);
}

TEST(Png, BitDepths) {
  EXPECT_THAT(decode_image(png({.width = 3, .height = 1, .depth = 1}, {{0b10100000}}), "x").pixels,
              ElementsAre(255, 0, 255));
  EXPECT_THAT(decode_image(png({.width = 4, .height = 1, .depth = 2}, {{0b00011011}}), "x").pixels,
              ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(decode_image(png({.width = 2, .height = 1, .depth = 4}, {{0x1f}}), "x").pixels,
              ElementsAre(17, 255));
  // 16 bits round: 0x0180 is 1.494 levels, 0x0182 is 1.502.
  EXPECT_THAT(
      decode_image(png({.width = 3, .height = 1, .depth = 16}, {{0x01, 0x80, 0x01, 0x82, 0xff, 0xff}}), "x")
          .pixels,
      ElementsAre(1, 2, 255));
}

TEST(Png, AlphaIsCompositedOverWhite) {
  const auto gray = decode_image(
      png({.width = 3, .height = 1, .type = PNG_COLOR_TYPE_GRAY_ALPHA}, {{10, 255, 10, 0, 55, 128}}), "x");
  EXPECT_EQ(gray.channels, 1);
  EXPECT_THAT(gray.pixels, ElementsAre(10, 255, 155));
  const auto colour = decode_image(
      png({.width = 2, .height = 1, .type = PNG_COLOR_TYPE_RGB_ALPHA}, {{1, 2, 3, 0, 1, 2, 3, 255}}), "x");
  EXPECT_EQ(colour.channels, 3);
  EXPECT_THAT(colour.pixels, ElementsAre(255, 255, 255, 1, 2, 3));
  const auto key = decode_image(png({.width = 2, .height = 1, .transparent_gray = 7}, {{7, 8}}), "x");
  EXPECT_THAT(key.pixels, ElementsAre(255, 8));
}

TEST(Png, PaletteWithAlphaAndInterlace) {
  PngOptions options{.width = 4, .height = 1, .depth = 2, .type = PNG_COLOR_TYPE_PALETTE};
  options.palette = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}};
  options.transparency = {255, 0};
  EXPECT_THAT(decode_image(png(options, {{0b00011000}}), "x").pixels,
              ElementsAre(1, 2, 3, 255, 255, 255, 7, 8, 9, 1, 2, 3));
  const Image image = pattern();
  std::vector<std::vector<std::uint8_t>> rows;
  for (int y = 0; y < 9; ++y)
    rows.emplace_back(image.pixels.begin() + y * 13, image.pixels.begin() + y * 13 + 13);
  EXPECT_EQ(decode_image(png({.width = 13, .height = 9, .interlaced = true}, rows), "x").pixels,
            image.pixels);
}

TEST(Png, SignificantBitsOfSixteen) {
  const PngOptions wide{.width = 3, .height = 1, .depth = 16};
  const auto decoded = [](const std::string& png, const std::string& bits) {
    return decode_image(samples::with_chunk(png, samples::png_chunk("sBIT", bits)), "x").pixels;
  };
  // 0, 2047 and 4095 of a sensor with 12 bits, stored as they are.
  const auto sensor = png(wide, {{0, 0, 0x07, 0xff, 0x0f, 0xff}});
  EXPECT_THAT(decode_image(sensor, "x").pixels, ElementsAre(0, 8, 16));
  EXPECT_THAT(decoded(sensor, "\x0c"), ElementsAre(0, 127, 255));
  EXPECT_THAT(decoded(sensor, "\x0e"), ElementsAre(0, 32, 64));  // 14 bits
  EXPECT_THAT(decoded(sensor, "\x10"), ElementsAre(0, 8, 16));
  EXPECT_THAT(decoded(sensor, "\x0a"), ElementsAre(0, 8, 16));  // not true: larger values than 10 bits hold
  // Dark values of 12 bits, 3, 100 and 255, that were scaled to 16 as they should: by zeros, and as products.
  EXPECT_THAT(decoded(png(wide, {{0x00, 0x30, 0x06, 0x40, 0x0f, 0xf0}}), "\x0c"), ElementsAre(0, 6, 16));
  EXPECT_THAT(decoded(png(wide, {{0x00, 0x30, 0x06, 0x40, 0x0f, 0xf1}}), "\x0c"), ElementsAre(0, 6, 16));
  // Colours and alpha each for themselves.
  const auto colour = png({.width = 1, .height = 1, .depth = 16, .type = PNG_COLOR_TYPE_RGB_ALPHA},
                          {{0x0f, 0xff, 0x07, 0xff, 0, 0, 0xff, 0xff}});
  EXPECT_THAT(decoded(colour, "\x0c\x0c\x0c\x10"), ElementsAre(255, 127, 0));
}

// Damage that viewers ignore, and no other: comments with wrong checksums or contents, and bytes after
// the image.
TEST(Png, RemarksThatAreDamagedLoseNoPixels) {
  const Image image = pattern();
  const std::string whole = encode_png(image);
  const auto expect_whole = [&](const std::string& bytes, const char* what) {
    EXPECT_EQ(decode_image(bytes, "x").pixels, image.pixels) << what;
  };
  auto wrong_sum = samples::png_chunk("tEXt", std::string("Comment\0hello", 13));
  wrong_sum.back() ^= 1;
  expect_whole(samples::with_chunk(whole, wrong_sum), "checksum of a text");
  auto of_gamma = samples::png_chunk("gAMA", samples::big_endian(45455));
  of_gamma.back() ^= 1;
  expect_whole(samples::with_chunk(whole, of_gamma), "checksum of the gamma");
  const std::vector<std::pair<std::string, std::string>> remarks = {
      {"iCCP", std::string("name\0\0no profile", 16)},
      {"sRGB", "\x09"},
      {"tIME", std::string("\x07\xe8\x0d\x20\x19\x3d\x3d", 7)},
      {"pHYs", "short"},
      {"sBIT", "\x09"},
      {"bKGD", "longer than it may be"},
      {"zTXt", std::string("key\0\0not packed", 15)}};
  for (const auto& [type, data] : remarks) {
    const auto chunk = samples::png_chunk(type, data);
    expect_whole(samples::with_chunk(whole, chunk), type.c_str());
    expect_whole(samples::with_chunk(samples::with_chunk(whole, chunk), chunk), type.c_str());
    expect_whole(std::string(whole).insert(whole.size() - 12, chunk), type.c_str());  // behind the rows
  }
  expect_whole(whole + "and more", "bytes behind the end");
  expect_whole(whole.substr(0, whole.size() - 12), "no end");
}

TEST(Png, DamageIsAnError) {
  const std::string whole = encode_png(pattern());
  constexpr std::size_t end = 12;  // the last chunk, which holds nothing
  for (std::size_t size = 8; size < whole.size() - end; ++size) {
    EXPECT_THAT(error_of(whole.substr(0, size)), StartsWith("x.img: damaged PNG")) << size;
  }
  std::string flipped = whole;
  flipped[whole.size() / 2] ^= 4;
  EXPECT_THAT(error_of(flipped), StartsWith("x.img: damaged PNG"));
}

TEST(Png, AHeaderIsNotTrusted) {
  // 20,000 x 20,000 pixels claimed in a few bytes; the CRC of the header is right.
  const auto claim = [](std::uint32_t width, std::uint32_t height) {
    std::string header =
        "IHDR" + samples::big_endian(width) + samples::big_endian(height) + std::string("\x08\0\0\0\0", 5);
    header += samples::big_endian(
        static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(header.data()), 17)));
    return "\x89PNG\r\n\x1a\n" + samples::big_endian(13) + header + samples::big_endian(4) + "IDATabcdabcd";
  };
  EXPECT_THAT(error_of(claim(10000, 10000)), HasSubstr("the header says 10000 x 10000 pixels"));
  EXPECT_THAT(error_of(claim(20000, 20000)), HasSubstr("20000 x 20000 pixels; the most is"));
}

TEST(Jpeg, GrayColourAndCmyk) {
  const auto gray = decode_image(samples::jpeg(flat(9, 5, {77})), "x");
  EXPECT_EQ(gray.width, 9);
  EXPECT_EQ(gray.height, 5);
  EXPECT_EQ(gray.channels, 1);
  EXPECT_THAT(gray.pixels, Each(77));
  const auto colour = decode_image(samples::jpeg(flat(8, 8, {200, 100, 50})), "x");
  ASSERT_EQ(colour.channels, 3);
  EXPECT_NEAR(colour.pixels[0], 200, 2);
  EXPECT_NEAR(colour.pixels[1], 100, 2);
  EXPECT_NEAR(colour.pixels[2], 50, 2);
  // libjpeg writes the Adobe marker, with which 255 means no ink.
  const auto cmyk = decode_image(samples::jpeg(flat(8, 8, {200, 100, 255, 128})), "x");
  ASSERT_EQ(cmyk.channels, 3);
  EXPECT_NEAR(cmyk.pixels[0], 100, 2);
  EXPECT_NEAR(cmyk.pixels[1], 50, 2);
  EXPECT_NEAR(cmyk.pixels[2], 128, 2);
}

// A JPEG with a block of EXIF behind its first marker.
std::string with_exif(std::string jpeg, const std::string& tiff) {
  const auto length = 2 + 6 + tiff.size();
  const std::string head = {'\xff', '\xe1', static_cast<char>(length >> 8), static_cast<char>(length & 255)};
  return jpeg.insert(2, head + std::string("Exif\0\0", 6) + tiff);
}

std::string orientation(int value, bool little) {
  using namespace std::string_literals;
  const char v = static_cast<char>(value);
  return little ? "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"s + v + "\0\0\0\0\0\0\0"s
                : "MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0"s + v + "\0\0\0\0\0\0"s;
}

TEST(Jpeg, StandsUprightAsExifSays) {
  // 24x16 pixels, white at the stored left and upper corner.
  Image stored{24, 16, 1, std::vector<std::uint8_t>(24 * 16, 0)};
  for (std::size_t y = 0; y < 8; ++y)
    std::fill_n(stored.pixels.begin() + static_cast<std::ptrdiff_t>(24 * y), 8, 255);
  const auto plain = samples::jpeg(stored);
  struct Case {
    int orientation;
    bool right, below, sideways;  // where the corner goes, whether width and height change places
  };
  for (const auto& c : std::vector<Case>{{0, false, false, false},
                                         {1, false, false, false},
                                         {2, true, false, false},
                                         {3, true, true, false},
                                         {4, false, true, false},
                                         {5, false, false, true},
                                         {6, true, false, true},
                                         {7, true, true, true},
                                         {8, false, true, true},
                                         {9, false, false, false}}) {
    for (const bool little : {false, true}) {
      const auto image = decode_image(with_exif(plain, orientation(c.orientation, little)), "x");
      ASSERT_EQ(image.width, c.sideways ? 16 : 24) << c.orientation;
      ASSERT_EQ(image.height, c.sideways ? 24 : 16) << c.orientation;
      for (const bool right : {false, true}) {
        for (const bool below : {false, true}) {
          const int x = right ? image.width - 1 : 0, y = below ? image.height - 1 : 0;
          const auto found = image.pixels[static_cast<std::size_t>(y * image.width + x)];
          EXPECT_NEAR(found, right == c.right && below == c.below ? 255 : 0, 10) << c.orientation;
        }
      }
    }
  }
  // Cut short anywhere, EXIF says nothing.
  const auto whole = orientation(6, true);
  for (std::size_t size = 0; size < 18; ++size)
    EXPECT_EQ(decode_image(with_exif(plain, whole.substr(0, size)), "x").width, 24) << size;
}

TEST(Jpeg, OdditiesLoseNoPixels) {
  const std::string whole = samples::jpeg(convert_channels(pattern(), 3));
  const auto expected = decode_image(whole, "x").pixels;
  const auto expect_whole = [&](const std::string& bytes, const char* what) {
    ASSERT_NE(bytes, whole) << what;
    EXPECT_EQ(decode_image(bytes, "x").pixels, expected) << what;
  };
  // Ss, Se, Ah and Al end the header of the scan; a baseline picture has no use for them.
  const auto scan = whole.find("\xff\xda");
  const auto parameters = scan + 2 + static_cast<unsigned char>(whole[scan + 3]) - 3;
  expect_whole(std::string(whole).replace(parameters, 3, 3, '\0'), "parameters of the scan");
  expect_whole(std::string(whole).replace(whole.find("JFIF") + 5, 1, 1, '\x09'), "version of JFIF");
  expect_whole(std::string(whole).insert(scan, "garbage"), "bytes between segments");
  expect_whole(std::string(whole).insert(whole.size() - 2, "garbage"), "bytes before the end");
  expect_whole(whole + "garbage", "bytes behind the end");
  expect_whole(whole.substr(0, whole.size() - 2), "no end");
}

TEST(Jpeg, DamageIsAnError) {
  for (const bool progressive : {false, true}) {
    const std::string whole = samples::jpeg(convert_channels(pattern(), 3), progressive);
    for (std::size_t size = 3; size + 2 < whole.size(); ++size) {
      EXPECT_THAT(error_of(whole.substr(0, size)), StartsWith("x.img: damaged JPEG")) << size;
    }
  }
}

TEST(Pnm, AllFourKinds) {
  EXPECT_THAT(decode_image("P5 2 1 255\n\x07\xff", "x").pixels, ElementsAre(7, 255));
  EXPECT_THAT(decode_image("P5\r\n2 1\r\n255\r\n\x07\xff", "x").pixels, ElementsAre(7, 255));
  EXPECT_THAT(decode_image("P5 2 1 255\r\n\xff", "x").pixels, ElementsAre(10, 255))
      << "a pixel like a line end";
  EXPECT_THAT(decode_image("P2\n# a comment\n2 # another\n 1\n15\n0 15", "x").pixels, ElementsAre(0, 255));
  const auto colour = decode_image(std::string("P6 1 1 65535\n\x80\x80\0\0\xff\xff", 19), "x");
  EXPECT_EQ(colour.channels, 3);
  EXPECT_THAT(colour.pixels, ElementsAre(128, 0, 255));
  EXPECT_THAT(decode_image("P3 1 1 255 1 2 3\n", "x").pixels, ElementsAre(1, 2, 3));
}

TEST(Pnm, DamageIsAnError) {
  EXPECT_THAT(error_of("P5 2 2 255\nabc"), HasSubstr("there are 3"));
  EXPECT_THAT(error_of("P5 99999999999 2 255\nabc"), HasSubstr("no usable number for the width"));
  EXPECT_THAT(error_of("P5 9999 9999 255\nabc"), HasSubstr("the header says 9999 x 9999"));
  EXPECT_THAT(error_of("P2 2 1 15 3 16"), HasSubstr("a pixel of 16, but the largest value is 15"));
  EXPECT_THAT(error_of("P2 2 1 0 3 16"), HasSubstr("largest value 0"));
  EXPECT_THAT(error_of("P5 0 1 255 "), HasSubstr("a size of 0 x 1"));
}

TEST(Decode, SaysWhatItGotInstead) {
  EXPECT_THAT(error_of("<htm"), StartsWith("x.img: not an image: first bytes 3c 68 74 6d"));
  EXPECT_THAT(error_of(""), HasSubstr("empty file"));
  EXPECT_THAT(error_of("GIF89a...."), HasSubstr("GIF images are not read"));
}

// Case: a size, and what Pillow gives for it: Image.resize((width, height), filter).
struct PillowCase {
  int width, height;
  std::vector<int> expected;
};

void expect_as_pillow(const std::vector<PillowCase>& cases, Filter filter) {
  for (const auto& test : cases) {
    const Image out = resize(pattern(), test.width, test.height, filter);
    ASSERT_EQ(out.pixels.size(), test.expected.size());
    for (std::size_t i = 0; i < out.pixels.size(); ++i) {
      EXPECT_NEAR(out.pixels[i], test.expected[i], 1) << test.width << "x" << test.height << " at " << i;
    }
  }
}

TEST(Resize, EqualsPillowsBilinear) {
  expect_as_pillow({{5, 4, {111, 137, 136, 110, 133, 128, 145, 133, 131, 114,
                            119, 151, 137, 146, 115, 158, 152, 145, 156, 157}},
                    {4, 15, {53,  147, 80,  135, 93,  137, 107, 128, 153, 122, 148, 117, 157, 138, 145,
                             123, 151, 148, 138, 121, 125, 147, 122, 105, 119, 138, 125, 114, 124, 124,
                             136, 136, 132, 138, 147, 126, 128, 147, 150, 113, 97,  149, 134, 97,  127,
                             164, 152, 129, 186, 187, 187, 186, 172, 135, 147, 170, 163, 101, 121, 159}},
                    {10, 3, {97,  130, 158, 123, 152, 120, 140, 100, 99,  162, 117, 115, 145, 150, 128,
                             132, 137, 142, 101, 127, 142, 147, 166, 142, 155, 151, 151, 156, 149, 137}}},
                   Filter::bilinear);
  EXPECT_THAT(resize(flat(31, 17, {9, 90, 200}), 7, 40).pixels, testing::Contains(200));
  EXPECT_EQ(resize(flat(31, 17, {9, 90, 200}), 7, 40).pixels, flat(7, 40, {9, 90, 200}).pixels);
}

TEST(Resize, EqualsPillowsBicubic) {
  expect_as_pillow({{5, 4, {106, 139, 138, 105, 135, 131, 147, 131, 134, 112,
                            109, 152, 138, 146, 112, 161, 151, 148, 156, 157}},
                    {4, 15, {38,  161, 68,  139, 84,  144, 100, 128, 156, 122, 148, 114, 166, 135, 151,
                             123, 151, 150, 139, 123, 120, 154, 118, 99,  112, 141, 120, 112, 120, 123,
                             137, 140, 139, 136, 149, 132, 132, 149, 148, 114, 82,  153, 128, 89,  115,
                             174, 152, 125, 184, 189, 189, 184, 180, 129, 148, 172, 170, 87,  117, 157}},
                    {10, 3, {94,  129, 154, 122, 158, 114, 139, 100, 96,  171, 118, 112, 153, 153, 127,
                             131, 142, 147, 94,  126, 143, 144, 164, 141, 151, 150, 151, 154, 151, 135}}},
                   Filter::bicubic);
  EXPECT_EQ(resize(flat(31, 17, {9, 90, 200}), 7, 40, Filter::bicubic).pixels,
            flat(7, 40, {9, 90, 200}).pixels);
}

TEST(Resize, ALongThinImageStaysSmall) {
  const Image out = resize(flat(1, 4000000, {30}), 2000, 2);
  EXPECT_THAT(out.pixels, Each(30));
}

TEST(Channels, LumaAndCopies) {
  EXPECT_THAT(convert_channels(flat(1, 1, {255, 0, 0}), 1).pixels, ElementsAre(76));
  EXPECT_THAT(convert_channels(flat(1, 1, {0, 255, 0}), 1).pixels, ElementsAre(150));
  EXPECT_THAT(convert_channels(flat(1, 1, {0, 0, 255}), 1).pixels, ElementsAre(29));
  EXPECT_THAT(convert_channels(flat(1, 1, {9}), 3).pixels, ElementsAre(9, 9, 9));
}

TEST(Fit, CropTakesTheCentre) {
  Image image{4, 2, 1, {1, 2, 3, 4, 5, 6, 7, 8}};
  EXPECT_THAT(fit_image(image, 2, 2, Fit::crop).pixels, ElementsAre(2, 3, 6, 7));
}

TEST(Fit, AnyRatioOfSides) {
  // Columns 0 to 7, rows 0 to 3: each pixel is 10 * row + column.
  Image image{8, 4, 1, {}};
  for (std::uint8_t y = 0; y < 4; ++y) {
    for (std::uint8_t x = 0; x < 8; ++x) image.pixels.push_back(static_cast<std::uint8_t>(10 * y + x));
  }
  EXPECT_THAT(fit_image(image, 2, 4, Fit::crop).pixels, ElementsAre(3, 4, 13, 14, 23, 24, 33, 34));
  EXPECT_THAT(fit_image(image, 8, 1, Fit::crop).pixels.size(), 8);
  EXPECT_THAT(fit_image(image, 8, 2, Fit::crop).pixels,
              ElementsAre(10, 11, 12, 13, 14, 15, 16, 17, 20, 21, 22, 23, 24, 25, 26, 27));
  const auto padded = fit_image(flat(4, 2, {9}), 4, 6, Fit::pad);
  EXPECT_EQ(padded.height, 6);
  EXPECT_EQ(padded.width, 4);
  EXPECT_THAT(padded.pixels, Each(9));
  EXPECT_EQ(fit_image(image, 3, 5, Fit::stretch).pixels, resize(image, 3, 5).pixels);
}

TEST(Fit, PadUsesTheBordersMean) {
  Image image{4, 2, 1, {10, 10, 10, 10, 30, 30, 30, 30}};
  EXPECT_THAT(fit_image(image, 4, 4, Fit::pad).pixels,
              ElementsAre(20, 20, 20, 20, 10, 10, 10, 10, 30, 30, 30, 30, 20, 20, 20, 20));
  EXPECT_THAT(fit_image(image, 2, 2, Fit::pad).pixels, ElementsAre(20, 20, 20, 20));
}

TEST(Fit, PadDoesNotBlurByASmallEnlargement) {
  const Image digit = flat(28, 28, {0});
  Image dot = digit;
  dot.pixels[14 * 28 + 14] = 255;
  const Image out = fit_image(dot, 32, 32, Fit::pad);
  EXPECT_EQ(out.pixels[16 * 32 + 16], 255);
  EXPECT_EQ(std::count(out.pixels.begin(), out.pixels.end(), 0), 32 * 32 - 1);
}

TEST(Fit, StretchAndExtremeShapes) {
  EXPECT_EQ(fit_image(flat(7, 3, {8}), 5, 5, Fit::stretch).pixels, flat(5, 5, {8}).pixels);
  for (const Fit fit : {Fit::crop, Fit::pad, Fit::stretch}) {
    EXPECT_EQ(fit_image(flat(1, 1000000, {5}), 16, 16, fit).pixels, flat(16, 16, {5}).pixels);
  }
}

}  // namespace
}  // namespace belamy
