// Small DICOM and NIfTI files that the tests create.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <openjpeg.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "samples.h"

namespace belamy::samples {

/// A number of `width` bytes.
inline std::string number(std::uint64_t value, std::size_t width, bool big = false) {
  std::string bytes;
  for (std::size_t i = 0; i < width; ++i)
    bytes += static_cast<char>(value >> 8 * (big ? width - 1 - i : i) & 255);
  return bytes;
}

/// A DICOM file: a tag, its type and its value; values of type US are decimal.
struct Dicom {
  std::string syntax = "1.2.840.10008.1.2.1";
  std::map<std::uint32_t, std::pair<std::string, std::string>> elements = {};
  std::string pixels = {};
  std::vector<std::string> parts = {};  ///< compressed frames, in place of pixels
  bool marked = true;                   ///< begins with DICOM's mark

  Dicom& set(std::uint32_t tag, const std::string& type, const std::string& value) {
    elements[tag] = {type, value};
    return *this;
  }

  std::string bytes() const {
    const bool big = syntax == "1.2.840.10008.1.2.2", implicit = syntax == "1.2.840.10008.1.2";
    std::string body;
    for (const auto& [tag, element] : elements) {
      auto value = element.second;
      if (element.first == "US") value = number(std::stoul(value), 2, big);
      body += head(tag, element.first, value.size() + value.size() % 2, implicit, big) + value;
      if (value.size() % 2 == 1) body += ' ';
    }
    if (parts.empty()) {
      if (!pixels.empty()) body += head(0x7fe00010, "OW", pixels.size(), implicit, big) + pixels;
    } else {
      body += head(0x7fe00010, "OB", 0xffffffff, implicit, big) + item(0xe000, "");
      for (const auto& part : parts) body += item(0xe000, part);
      body += item(0xe0dd, "");
    }
    if (!marked) return body;
    if (syntax == "1.2.840.10008.1.2.1.99") body = deflated(body, -15);
    const auto meta = head(0x00020010, "UI", syntax.size() + syntax.size() % 2, false, false) + syntax +
                      (syntax.size() % 2 == 1 ? std::string(1, '\0') : "");
    return std::string(128, '\0') + "DICM" + head(0x00020000, "UL", 4, false, false) +
           number(meta.size(), 4) + meta + body;
  }

 private:
  static std::string head(std::uint32_t tag, const std::string& type, std::size_t length, bool implicit,
                          bool big) {
    auto bytes = number(tag >> 16, 2, big) + number(tag & 0xffff, 2, big);
    if (implicit) return bytes + number(length, 4, big);
    bytes += type;
    const bool is_long = type == "OB" || type == "OW" || type == "SQ" || type == "UT";
    return bytes + (is_long ? std::string(2, '\0') + number(length, 4, big) : number(length, 2, big));
  }
  static std::string item(std::uint32_t element, std::string value) {
    if (value.size() % 2 == 1) value += '\0';
    return number(0xfffe, 2) + number(element, 2) + number(value.size(), 4) + value;
  }
};

/// Gray pictures of 16-bit values, row by row, frame after frame.
inline Dicom gray_dicom(int width, int height, const std::vector<int>& values,
                        const std::string& syntax = "1.2.840.10008.1.2.1") {
  Dicom file;
  file.syntax = syntax;
  file.set(0x00280002, "US", "1").set(0x00280004, "CS", "MONOCHROME2");
  file.set(0x00280010, "US", std::to_string(height)).set(0x00280011, "US", std::to_string(width));
  file.set(0x00280100, "US", "16").set(0x00280101, "US", "16").set(0x00280102, "US", "15");
  file.set(0x00280103, "US", "1");
  const bool big = syntax == "1.2.840.10008.1.2.2";
  for (const int value : values) file.pixels += number(static_cast<std::uint64_t>(value) & 0xffff, 2, big);
  return file;
}

/// Lossless JPEG of gray values of 16 bits: all codes have five bits.
inline std::string lossless_jpeg(int width, int height, const std::vector<int>& values, int predictor) {
  std::string bits;
  const auto put = [&](int value, int count) {
    for (int b = count - 1; b >= 0; --b) bits += value >> b & 1 ? '1' : '0';
  };
  const auto at = [&](int y, int x) { return values[static_cast<std::size_t>(y * width + x)]; };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      int guess = 1 << 15;
      if (y == 0 && x > 0) guess = at(y, x - 1);
      if (y > 0 && x == 0) guess = at(y - 1, x);
      if (y > 0 && x > 0) {
        const int a = at(y, x - 1), b = at(y - 1, x), c = at(y - 1, x - 1);
        const int guesses[] = {a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1};
        guess = guesses[predictor - 1];
      }
      const int difference = static_cast<std::int16_t>(at(y, x) - guess);
      int size = 0;
      while (std::abs(difference) >> size) ++size;
      put(size, 5);
      if (size < 16) put(difference < 0 ? difference + (1 << size) - 1 : difference, size);
    }
  }
  while (bits.size() % 8) bits += '1';
  std::string data;
  for (std::size_t i = 0; i < bits.size(); i += 8) {
    data += static_cast<char>(std::stoi(bits.substr(i, 8), nullptr, 2));
    if (data.back() == '\xff') data += '\0';
  }
  const auto segment = [](char marker, const std::string& body) {
    return std::string("\xff") + marker + number(body.size() + 2, 2, true) + body;
  };
  std::string table(1, '\0');
  for (int length = 1; length <= 16; ++length) table += static_cast<char>(length == 5 ? 17 : 0);
  for (char symbol = 0; symbol <= 16; ++symbol) table += symbol;
  return "\xff\xd8" +
         segment('\xc3', '\x10' + number(static_cast<std::uint64_t>(height), 2, true) +
                             number(static_cast<std::uint64_t>(width), 2, true) +
                             std::string("\1\1\x11\0", 4)) +
         segment('\xc4', table) +
         segment('\xda', std::string("\1\1\0", 3) + static_cast<char>(predictor) + std::string(2, '\0')) +
         data + "\xff\xd9";
}

/// JPEG-LS by CharLS 2.4.1 of 16 bits: 3x2 values 5, 60000, 7, 8, 9, 10.
inline std::string jpeg_ls_of_six() {
  return std::string(
      "\xff\xd8\xff\xf7\x00\x0b\x10\x00\x02\x00\x03\x01\x01\x11\x00\xff\xf8\x00\x0d\x01\xff\xff\x00\x12"
      "\x00\x43\x01\x14\x00\x40\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00\x40\x90\x03\xa5\x00\x1d\x36\x03"
      "\x00\x1d\x46\x02\x80\xff\xd9",
      55);
}

/// The same of 9x8 values i * i * 31 % 4096.
inline std::string jpeg_ls_of_squares() {
  return std::string(
      "\xff\xd8\xff\xf7\x00\x0b\x10\x00\x08\x00\x09\x01\x01\x11\x00\xff\xf8\x00\x0d\x01\xff\xff\x00\x12"
      "\x00\x43\x01\x14\x00\x40\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00\xa1\xec\xb9\xa6\xb6\xc7\x15\xaa"
      "\x56\x3e\xe6\x43\xcf\x24\xd2\x8b\x01\x9b\xd4\x39\xa2\x9c\x11\xdf\x80\x80\x2a\x56\x8b\x80\x7a\x42"
      "\xf7\x19\x98\x14\x7d\x16\x91\x6e\x49\x14\x28\xce\x28\xbc\xe4\x60\xa6\xc7\xee\x10\x8e\x8b\x68\xb6"
      "\x55\x02\x92\x8a\x20\x6a\x76\xa5\xa2\xcf\x7c\xfe\x14\x5b\x7b\x42\x80\x51\x5e\x96\xa7\xd1\x96\x51"
      "\x88\x8e\x2e\x92\x41\x80\xc1\x8d\x0e\x45\xb4\x60\x29\x62\xc9\xaa\xa2\x8d\x24\x35\xba\x21\xe7\xa8"
      "\xbe\x8b\xa8\xb6\x07\xa6\x9b\x3a\x29\xff\xd9",
      155);
}

/// Lossless JPEG 2000 of gray values of 16 bits.
inline std::string jpeg_2000(int width, int height, const std::vector<std::uint16_t>& values) {
  opj_image_cmptparm_t about{};
  about.dx = about.dy = 1;
  about.w = static_cast<std::uint32_t>(width);
  about.h = static_cast<std::uint32_t>(height);
  about.prec = 16;
  opj_image_t* image = opj_image_create(1, &about, OPJ_CLRSPC_GRAY);
  image->x1 = about.w;
  image->y1 = about.h;
  for (std::size_t i = 0; i < values.size(); ++i) image->comps[0].data[i] = values[i];
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.numresolution = std::min(width, height) < 4 ? 1 : 3;
  std::string bytes;
  opj_stream_t* stream = opj_stream_default_create(OPJ_FALSE);
  opj_stream_set_user_data(stream, &bytes, nullptr);
  opj_stream_set_write_function(stream, [](void* from, OPJ_SIZE_T count, void* to) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(from), count);
    return count;
  });
  opj_codec_t* codec = opj_create_compress(OPJ_CODEC_J2K);
  const bool done = opj_setup_encoder(codec, &parameters, image) &&
                    opj_start_compress(codec, image, stream) && opj_encode(codec, stream) &&
                    opj_end_compress(codec, stream);
  opj_destroy_codec(codec);
  opj_stream_destroy(stream);
  opj_image_destroy(image);
  if (!done) throw std::runtime_error("OpenJPEG did not encode");
  return bytes;
}

/// A NIfTI file with this data; `first` is for headers of 348 bytes, else of 540.
struct Nifti {
  std::vector<int> size = {2, 2, 2};
  int type = 4;
  bool big = false, first = true, pair = false;
  double slope = 0, inter = 0;
  std::vector<double> spacing = {1, 1, 1};
  std::vector<double> affine = {};  ///< twelve numbers, or none
  std::string description = {};
  std::string data = {};

  std::string header() const {
    std::string bytes(first ? 352 : 544, '\0');
    const auto put = [&](std::size_t at, const std::string& text) { bytes.replace(at, text.size(), text); };
    const auto whole = [&](std::size_t in_first, std::size_t width, std::size_t in_second,
                           std::size_t second_width, int value) {
      put(first ? in_first : in_second, number(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)),
                                               first ? width : second_width, big));
    };
    const auto real = [&](std::size_t in_first, std::size_t in_second, std::size_t place, double value) {
      if (first)
        put(in_first + 4 * place, number(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4, big));
      else
        put(in_second + 8 * place, number(std::bit_cast<std::uint64_t>(value), 8, big));
    };
    put(0, number(first ? 348 : 540, 4, big));
    whole(40, 2, 16, 8, static_cast<int>(size.size()));
    for (std::size_t i = 0; i < size.size(); ++i) whole(42 + 2 * i, 2, 24 + 8 * i, 8, size[i]);
    whole(70, 2, 12, 2, type);
    for (std::size_t i = 0; i < 3; ++i) real(76, 104, i + 1, spacing[i]);
    if (first)
      real(108, 0, 0, pair ? 0 : 352);
    else
      put(168, number(pair ? 0 : 544, 8, big));
    real(112, 176, 0, slope);
    real(116, 184, 0, inter);
    put(first ? 148 : 240, description);
    if (!affine.empty()) {
      whole(254, 2, 348, 4, 1);
      for (std::size_t i = 0; i < 12; ++i) real(280, 400, i, affine[i]);
    }
    if (first)
      put(344, std::string(pair ? "ni1" : "n+1") + '\0');
    else
      put(4, std::string(pair ? "ni2" : "n+2") + std::string("\0\r\n\x1a\n", 5));
    return bytes;
  }
  std::string bytes() const { return header() + data; }
};

}  // namespace belamy::samples
