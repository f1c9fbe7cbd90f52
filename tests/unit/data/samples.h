// Small files that the data tests create.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <jpeglib.h>
#include <png.h>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <zlib.h>

#include "data/image.h"
#include "test_folder.h"

namespace belamy::samples {

namespace fs = std::filesystem;

inline void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

/// Compressed by zlib; `window` is its windowBits, which also choose what is put around the data.
inline std::string deflated(const std::string& bytes, int window) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string gzip(const std::string& bytes) {
  return deflated(bytes, 15 + 16);
}

inline std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

inline std::string idx_images(std::uint32_t count, std::uint32_t height, std::uint32_t width,
                              const std::string& pixels) {
  return big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width) + pixels;
}

inline std::string idx_labels(std::uint32_t count, const std::string& labels) {
  return big_endian(0x801) + big_endian(count) + labels;
}

inline Image flat(int width, int height, std::vector<std::uint8_t> colour) {
  Image image{width, height, static_cast<int>(colour.size()), {}};
  for (int i = 0; i < width * height; ++i) {
    image.pixels.insert(image.pixels.end(), colour.begin(), colour.end());
  }
  return image;
}

/// A PNG of any kind; `rows` are packed as the format packs them.
struct PngOptions {
  int width = 0, height = 0, depth = 8, type = PNG_COLOR_TYPE_GRAY;
  bool interlaced = false;
  std::vector<png_color> palette = {};
  std::vector<png_byte> transparency = {};  // alpha of palette entries
  int transparent_gray = -1;
};

inline std::string png(const PngOptions& options, std::vector<std::vector<std::uint8_t>> rows) {
  std::string out;
  png_structp file = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(file);
  png_set_write_fn(
      file, &out,
      [](png_structp to, png_bytep from, std::size_t count) {
        static_cast<std::string*>(png_get_io_ptr(to))->append(reinterpret_cast<char*>(from), count);
      },
      nullptr);
  png_set_IHDR(file, info, options.width, options.height, options.depth, options.type,
               options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (!options.palette.empty()) {
    png_set_PLTE(file, info, options.palette.data(), static_cast<int>(options.palette.size()));
  }
  if (!options.transparency.empty()) {
    png_set_tRNS(file, info, options.transparency.data(), static_cast<int>(options.transparency.size()),
                 nullptr);
  }
  if (options.transparent_gray >= 0) {
    png_color_16 gray{};
    gray.gray = static_cast<png_uint_16>(options.transparent_gray);
    png_set_tRNS(file, info, nullptr, 0, &gray);
  }
  std::vector<png_bytep> pointers;
  for (auto& row : rows) pointers.push_back(row.data());
  png_write_info(file, info);
  png_write_image(file, pointers.data());
  png_write_end(file, nullptr);
  png_destroy_write_struct(&file, &info);
  return out;
}

/// A chunk of a PNG with its checksum.
inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(sum));
}

/// The PNG with these bytes behind its first chunk.
inline std::string with_chunk(std::string png, const std::string& chunk) {
  constexpr std::size_t behind_header = 8 + 25;
  return png.insert(behind_header, chunk);
}

/// A JPEG of quality 95 with 1 (gray), 3 (RGB) or 4 (CMYK) channels.
inline std::string jpeg(const Image& image, bool progressive = false) {
  jpeg_compress_struct file{};
  jpeg_error_mgr errors{};
  file.err = jpeg_std_error(&errors);
  jpeg_create_compress(&file);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&file, &bytes, &size);
  file.image_width = image.width;
  file.image_height = image.height;
  file.input_components = image.channels;
  file.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : image.channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&file);
  jpeg_set_quality(&file, 95, TRUE);
  if (progressive) jpeg_simple_progression(&file);
  jpeg_start_compress(&file, TRUE);
  while (file.next_scanline < file.image_height) {
    auto* row = const_cast<JSAMPROW>(image.pixels.data()) +
                static_cast<std::size_t>(file.next_scanline) * image.width * image.channels;
    jpeg_write_scanlines(&file, &row, 1);
  }
  jpeg_finish_compress(&file);
  jpeg_destroy_compress(&file);
  std::string out(reinterpret_cast<char*>(bytes), size);
  free(bytes);
  return out;
}

using Members = std::vector<std::pair<std::string, std::string>>;

/// An archive by the ending of its name: .zip, .npz (zip), .tar or .tar.gz.
inline void write_archive(const fs::path& path, const Members& members) {
  fs::create_directories(path.parent_path());
  archive* file = archive_write_new();
  const std::string name = path.filename().string();
  if (name.ends_with(".zip") || name.ends_with(".npz")) {
    archive_write_set_format_zip(file);
  } else {
    archive_write_set_format_ustar(file);
    if (name.ends_with("gz")) archive_write_add_filter_gzip(file);
  }
  archive_write_open_filename(file, path.c_str());
  for (const auto& [member, bytes] : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.c_str());
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_write_header(file, entry);
    archive_write_data(file, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(file);
  archive_write_free(file);
}

inline std::string little_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i, value >>= 8) out.push_back(static_cast<char>(value & 0xff));
  return out;
}

/// A member of a zip: the name's bytes as they are to be stored, and whether the zip says that they
/// are UTF-8.
struct ZipMember {
  std::string name, bytes;
  bool utf8 = true;
  std::string extra = {};
};

/// A zip as many programs write it, without what libarchive would make of the names.
inline std::string zip(const std::vector<ZipMember>& members) {
  std::string out, directory;
  for (const auto& member : members) {
    const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(member.bytes.data()), member.bytes.size());
    const std::string common = little_endian(20, 2) + little_endian(member.utf8 ? 0x800 : 0, 2) +
                               little_endian(0, 2) + little_endian(0x210000, 4) + little_endian(sum, 4) +
                               little_endian(member.bytes.size(), 4) + little_endian(member.bytes.size(), 4) +
                               little_endian(member.name.size(), 2) + little_endian(member.extra.size(), 2);
    directory += "PK\1\2" + little_endian(20, 2) + common + little_endian(0, 10) +
                 little_endian(out.size(), 4) + member.name + member.extra;
    out += "PK\3\4" + common + member.name + member.extra + member.bytes;
  }
  const auto count = little_endian(members.size(), 2);
  return out + directory + "PK\5\6" + little_endian(0, 4) + count + count +
         little_endian(directory.size(), 4) + little_endian(out.size(), 4) + little_endian(0, 2);
}

/// Info-ZIP's field with the name in UTF-8, for the extra bytes of a member that is stored under `name`.
inline std::string unicode_name(const std::string& name, const std::string& utf8) {
  const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(name.data()), name.size());
  return little_endian(0x7075, 2) + little_endian(5 + utf8.size(), 2) + "\1" + little_endian(sum, 4) + utf8;
}

/// A member of a tar, in the form of ustar. Type '0' is a file, '1' a hard link, '2' a symbolic link, 'x' a record
/// of pax for the next member.
inline std::string tar_member(const std::string& name, const std::string& bytes, char type = '0',
                              const std::string& target = "") {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(124, fmt::format("{:011o}", bytes.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, target);
  put(257, std::string("ustar\0"
                       "00",
                       8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return header + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
}

}  // namespace belamy::samples
