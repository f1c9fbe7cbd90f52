// Small files that the data tests make for themselves.
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

namespace belamy::samples {

namespace fs = std::filesystem;

/// A folder that is removed with its contents.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "belamy-data-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

inline void write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read(const fs::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}

inline std::string gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
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

/// A JPEG of quality 95 with 1 (gray), 3 (RGB) or 4 (CMYK) channels.
inline std::string jpeg(const Image& image) {
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

}  // namespace belamy::samples
