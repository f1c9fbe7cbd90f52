// The pixels of DICOM files (PS3.3 C.7.6.3, PS3.5 8): frames, compressions, bits, colours.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

#include "data/codecs.h"
#include "data/dicom.h"

namespace belamy {
namespace {

constexpr std::uint32_t kFloats = 0x7fe00008, kDoubles = 0x7fe00009;

Error refused(const std::string& name, const std::string& what) {
  return data_error(name + ": " + what + ", which is not read",
                    "convert it, for example with 'gdcmconv --raw' or dcmtk's dcmdjpeg, or remove it");
}

std::size_t word_at(std::string_view bytes, std::size_t at, std::size_t length = 4) {
  std::size_t value = 0;
  for (std::size_t i = length; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

// The first value of an encapsulated element is a table of offsets, the others are parts of frames.
struct Parts {
  std::string_view table;
  std::vector<std::string_view> parts;
  std::vector<std::size_t> starts;  // of the parts, as the table counts
};

Parts parts_of(std::string_view pixels, const std::string& name) {
  Parts found;
  std::size_t at = 0, first = 0;
  bool table = true;
  while (at + 8 <= pixels.size() && word_at(pixels, at, 2) == 0xfffe &&
         word_at(pixels, at + 2, 2) == 0xe000) {
    const auto length = word_at(pixels, at + 4);
    if (length > pixels.size() - at - 8) throw image_error(name, "the file is cut short within its pixels");
    const auto part = pixels.substr(at + 8, length);
    if (table) {
      found.table = part;
      first = at + 8 + length;
    } else {
      found.parts.push_back(part);
      found.starts.push_back(at - first);
    }
    table = false;
    at += 8 + length;
  }
  if (found.parts.empty()) throw image_error(name, "its pixels are empty");
  return found;
}

// The bytes of one compressed frame.
std::string compressed_frame(const DicomHeader& header, std::size_t frame, const std::string& name) {
  const auto found = parts_of(header.pixels, name);
  const auto frames = header.frames(), count = found.parts.size();
  std::size_t begin = 0, end = count;
  if (frames == count) {
    begin = frame;
    end = frame + 1;
  } else if (frames > 1) {
    // A frame begins where the table says, or without a table with the mark of a new JPEG.
    std::vector<std::size_t> starts;
    for (std::size_t p = 0; p < count; ++p) {
      const auto mark = found.parts[p].substr(0, 2);
      bool starting = mark == "\xff\xd8" || mark == "\xff\x4f";
      if (found.table.size() >= 4 * frames) {
        starting = false;
        for (std::size_t f = 0; f < frames; ++f)
          starting = starting || word_at(found.table, 4 * f) == found.starts[p];
      }
      if (starting) starts.push_back(p);
    }
    if (starts.size() != frames)
      throw image_error(name,
                        fmt::format("{} frames in {} parts, which cannot be told apart", frames, count));
    begin = starts[frame];
    end = frame + 1 < frames ? starts[frame + 1] : count;
  }
  std::string bytes;
  for (auto p = begin; p < end; ++p) bytes += found.parts[p];
  return bytes;
}

// How the integers of a file are stored.
struct Layers {
  int allocated, stored, high;
  bool is_signed;

  // The value in the bits that are in use.
  double value(std::int64_t raw) const {
    const auto bits = static_cast<std::uint64_t>(raw) >> (high + 1 - stored);
    const auto mask = (std::uint64_t{1} << stored) - 1, sign = std::uint64_t{1} << (stored - 1);
    const auto value = static_cast<std::int64_t>(bits & mask);
    return static_cast<double>(is_signed && (bits & sign) ? value - static_cast<std::int64_t>(mask) - 1
                                                          : value);
  }
};

Layers layers_of(const DicomHeader& header, const std::string& name) {
  Layers layers{header.number(0x00280100).value_or(0), 0, 0, header.number(0x00280103).value_or(0) == 1};
  const auto allocated = layers.allocated;
  if (allocated != 1 && allocated != 8 && allocated != 16 && allocated != 32)
    throw refused(name, fmt::format("values of {} bits", allocated));
  layers.stored = header.number(0x00280101).value_or(allocated);
  layers.high = header.number(0x00280102).value_or(layers.stored - 1);
  if (layers.stored < 1 || layers.stored > allocated || layers.high + 1 < layers.stored ||
      layers.high >= allocated)
    throw image_error(name, fmt::format("{} of {} bits with the highest at {} make no sense", layers.stored,
                                        allocated, layers.high));
  return layers;
}

template <class T, class Bits>
double float_at(std::string_view bytes, std::size_t at, bool big) {
  Bits bits = 0;
  for (std::size_t i = 0; i < sizeof(Bits); ++i)
    bits = static_cast<Bits>(bits << 8 |
                             static_cast<std::uint8_t>(bytes[at + (big ? i : sizeof(Bits) - 1 - i)]));
  return static_cast<double>(std::bit_cast<T>(bits));
}

std::int64_t integer_at(std::string_view bytes, std::size_t at, std::size_t length, bool big) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < length; ++i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + (big ? i : length - 1 - i)]);
  return value;
}

// The values of a frame that is not compressed, interleaved.
RawFrame stored_frame(const DicomHeader& header, std::size_t frame, const std::string& name, RawFrame shape) {
  const auto pixels = static_cast<std::size_t>(shape.width) * static_cast<std::size_t>(shape.height);
  const auto channels = static_cast<std::size_t>(shape.channels), count = pixels * channels;
  const auto layers = header.pixels_tag == kFloats || header.pixels_tag == kDoubles
                          ? Layers{header.pixels_tag == kFloats ? 32 : 64, 32, 31, false}
                          : layers_of(header, name);
  const bool halved = header.text(0x00280004) == "YBR_FULL_422" && channels == 3 && layers.allocated == 8;
  const auto bits = static_cast<std::uint64_t>(layers.allocated);
  const std::uint64_t in_frame = halved ? pixels * 16 : count * bits;
  const std::uint64_t first = frame * in_frame;
  if ((first + in_frame + 7) / 8 > header.pixels.size())
    throw image_error(
        name, fmt::format("the file is cut short: frame {} needs {} bytes, and {} are there", frame + 1,
                          (in_frame + 7) / 8,
                          header.pixels.size() - std::min<std::uint64_t>(header.pixels.size(), first / 8)));
  const auto bytes = header.pixels.substr(first / 8);
  const bool big = header.big_endian;
  shape.values.resize(count);
  if (halved) {
    // Two pixels share their colour: Y, Y, Cb, Cr.
    for (std::size_t p = 0; p < pixels; ++p) {
      const auto pair = p / 2 * 4;
      if (pair + 4 > bytes.size()) throw image_error(name, "the file is cut short within its pixels");
      shape.values[3 * p] = static_cast<std::uint8_t>(bytes[pair + p % 2]);
      shape.values[3 * p + 1] = static_cast<std::uint8_t>(bytes[pair + 2]);
      shape.values[3 * p + 2] = static_cast<std::uint8_t>(bytes[pair + 3]);
    }
    return shape;
  }
  const bool planes = channels > 1 && header.number(0x00280006).value_or(0) == 1;
  // Bytes in words of the other order come in pairs.
  const bool swapped = big && header.in_words && layers.allocated <= 8;
  for (std::size_t i = 0; i < count; ++i) {
    auto& value = shape.values[planes ? i % pixels * channels + i / pixels : i];
    if (header.pixels_tag == kFloats) {
      value = float_at<float, std::uint32_t>(bytes, 4 * i, big);
    } else if (header.pixels_tag == kDoubles) {
      value = float_at<double, std::uint64_t>(bytes, 8 * i, big);
    } else if (bits == 1) {
      const auto bit = first % 8 + i;
      const auto at = swapped ? std::min(bit / 8 ^ 1, bytes.size() - 1) : bit / 8;
      value = static_cast<std::uint8_t>(bytes[at]) >> (bit % 8) & 1;
    } else {
      const auto width = static_cast<std::size_t>(bits / 8);
      const auto at = swapped ? std::min(i ^ 1, bytes.size() - 1) : i * width;
      value = layers.value(integer_at(bytes, at, width, big));
    }
  }
  return shape;
}

bool is_one_of(const std::string& text, std::initializer_list<const char*> texts) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// The values of a compressed frame; `rgb` tells whether their colours are RGB now.
RawFrame unpacked_frame(const DicomHeader& header, std::size_t frame, const std::string& name, RawFrame shape,
                        bool& rgb) {
  const auto layers = layers_of(header, name);
  const auto colours = header.text(0x00280004);
  const auto bytes = compressed_frame(header, frame, name);
  const std::string base = "1.2.840.10008.1.2.";
  auto syntax = header.syntax;
  if (syntax.starts_with(base)) syntax.erase(0, base.size());
  RawFrame found;
  if (syntax == "5") {
    if (layers.allocated % 8 != 0 || layers.allocated > 32) throw refused(name, "RLE of single bits");
    found = decode_rle(bytes, name, shape, layers.allocated / 8);
  } else if (is_one_of(syntax, {"4.50", "4.51", "4.57", "4.70"})) {
    const auto kind = jpeg_kind(bytes);
    if (!kind.lossless && kind.bits > 8)
      throw refused(name, fmt::format("a lossy JPEG of {} bits", kind.bits));
    if (!kind.lossless) {
      rgb = true;
      return decode_lossy_jpeg(bytes, name, shape, colours == "RGB");
    }
    found = decode_lossless_jpeg(bytes, name, shape);
  } else if (is_one_of(syntax, {"4.80", "4.81"})) {
    found = decode_jpeg_ls(bytes, name, shape);
  } else if (is_one_of(syntax, {"4.90", "4.91", "4.92", "4.93", "4.201", "4.202", "4.203"})) {
    found = decode_jpeg_2000(bytes, name, shape);
    rgb = is_one_of(colours, {"YBR_RCT", "YBR_ICT"});
  } else {
    throw refused(name, "the compression " + header.syntax);
  }
  for (auto& value : found.values) value = layers.value(static_cast<std::int64_t>(value));
  return found;
}

// The colours that the values of a palette stand for.
RawFrame with_palette(const DicomHeader& header, const RawFrame& gray, const std::string& name) {
  RawFrame colour{gray.width, gray.height, 3, std::vector<double>(gray.values.size() * 3)};
  for (std::uint32_t c = 0; c < 3; ++c) {
    const auto about = header.words(0x00281101 + c);
    auto table = header.words(0x00281201 + c);
    if (about.size() < 3 || table.empty()) throw refused(name, "a palette in segments, or none");
    const auto count = static_cast<std::size_t>(about[0] == 0 ? 65536 : about[0]);
    const int first =
        header.number(0x00280103).value_or(0) == 1 ? static_cast<std::int16_t>(about[1]) : about[1];
    // Tables of 8 bits hold two entries a word.
    if (table.size() < count && about[2] <= 8) {
      std::vector<int> entries;
      for (const auto word : table) {
        entries.push_back(word & 255);
        entries.push_back(word >> 8);
      }
      table = std::move(entries);
    }
    table.resize(std::min(count, table.size()));
    for (std::size_t p = 0; p < gray.values.size(); ++p) {
      const auto place = std::clamp<std::int64_t>(static_cast<std::int64_t>(gray.values[p]) - first, 0,
                                                  static_cast<std::int64_t>(table.size()) - 1);
      const auto entry = table[static_cast<std::size_t>(place)];
      colour.values[3 * p + c] = about[2] > 8 ? entry >> 8 : entry;
    }
  }
  return colour;
}

void to_rgb(RawFrame& frame) {
  const auto byte = [](double value) { return std::clamp(std::round(value), 0.0, 255.0); };
  for (std::size_t i = 0; i + 2 < frame.values.size(); i += 3) {
    const double y = frame.values[i], b = frame.values[i + 1] - 128, r = frame.values[i + 2] - 128;
    frame.values[i] = byte(y + 1.402 * r);
    frame.values[i + 1] = byte(y - 0.344136 * b - 0.714136 * r);
    frame.values[i + 2] = byte(y + 1.772 * b);
  }
}

RawFrame colours_of(const DicomHeader& header, RawFrame frame, bool rgb, const std::string& name) {
  const auto colours = header.text(0x00280004);
  const bool lightness = is_one_of(colours, {"YBR_FULL", "YBR_FULL_422"});
  if (!lightness && !is_one_of(colours, {"RGB", "YBR_RCT", "YBR_ICT"}))
    throw refused(name, fmt::format("colours of the kind '{}'", colours));
  const int stored = header.number(0x00280101).value_or(8);
  if (stored > 8) {
    for (auto& value : frame.values) value = std::floor(value / std::exp2(stored - 8));
  }
  if (lightness && !rgb) to_rgb(frame);
  return frame;
}

}  // namespace

RawFrame decode_frame(const DicomHeader& header, std::size_t frame, const std::string& name) {
  if (!header.has_pixels()) throw image_error(name, "holds no image");
  if (!header.text(0x00283000).empty()) throw refused(name, "a table for the values (Modality LUT)");
  RawFrame shape{header.number(0x00280011).value_or(0),
                 header.number(0x00280010).value_or(0),
                 header.number(0x00280002).value_or(1),
                 {}};
  const auto pixels = static_cast<std::uint64_t>(shape.width) * static_cast<std::uint64_t>(shape.height);
  if (pixels == 0 || pixels > max_image_pixels)
    throw image_error(name, fmt::format("{}x{} pixels", shape.width, shape.height));
  if (shape.channels != 1 && shape.channels != 3)
    throw refused(name, fmt::format("{} values a pixel", shape.channels));
  if (frame >= header.frames()) throw image_error(name, "no such frame");
  bool rgb = false;
  auto found = header.compressed ? unpacked_frame(header, frame, name, std::move(shape), rgb)
                                 : stored_frame(header, frame, name, std::move(shape));
  if (found.channels == 3) return colours_of(header, std::move(found), rgb, name);
  if (header.text(0x00280004) == "PALETTE COLOR") return with_palette(header, found, name);
  const auto slope = header.numbers(0x00281053, frame), offset = header.numbers(0x00281052, frame);
  for (auto& value : found.values)
    value = value * (slope.empty() ? 1 : slope[0]) + (offset.empty() ? 0 : offset[0]);
  return found;
}

}  // namespace belamy
