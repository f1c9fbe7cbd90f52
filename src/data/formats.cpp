#include "data/formats.h"

#include <algorithm>
#include <cctype>
#include <fstream>

#include "core/text.h"
#include "data/codecs.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

using Texts = std::vector<std::string_view>;

constexpr const char* kUnpack = "unpack it and give the folder, or pack its files as a .zip";
constexpr const char* kSavez =
    "save images and labels as .npz: numpy.savez('set.npz', images=images, labels=labels)";

struct Row {
  Foreign format;
  Texts magics;   // any of them at the start of the file
  Texts endings;  // of its name, in small letters
};

// Formats are recognised by their first bytes, if these are distinctive, or by the ending of the name.
const std::vector<Row>& foreign_rows() {
  using namespace std::string_view_literals;
  static const std::vector<Row> rows = {
      {{"an archive packed by xz", kUnpack},
       {"\xfd"
        "7zXZ\0"sv},
       {".xz", ".txz"}},
      {{"an archive packed by bzip2", kUnpack}, {"BZh"}, {".bz2", ".tbz", ".tbz2"}},
      {{"an archive packed by Zstandard", kUnpack}, {"\x28\xb5\x2f\xfd"}, {".zst"}},
      {{"a 7z archive", kUnpack}, {"7z\xbc\xaf\x27\x1c"}, {".7z"}},
      {{"a RAR archive", kUnpack}, {"Rar!\x1a\x07"}, {".rar"}},
      {{"a single NumPy array", kSavez}, {"\x93NUMPY"}, {".npy"}},
      {{"an HDF5 file", kSavez}, {"\x89HDF\r\n\x1a\n"}, {".h5", ".hdf5"}},
      {{"a MATLAB file", kSavez}, {"MATLAB "}, {".mat"}},
      {{"a Parquet table", kSavez}, {"PAR1"}, {".parquet"}},
      {{"a Python pickle", kSavez}, {}, {".pkl", ".pickle", ".pkl.gz", ".pickle.gz"}},
      {{"a pointer of Git LFS", "get the file that it stands for: git lfs pull"},
       {"version https://git-lfs"},
       {}},
      {{"a web page", "download the file itself"}, {"<!DOCTYPE html", "<!doctype html"}, {}},
      {{"a table", kSavez}, {}, {".csv", ".tsv"}},
  };
  return rows;
}

const Foreign kPicture = {"a single picture", "give the folder that holds it", true};

std::string file_name(const fs::path& file) {
  return in_lower_case(file.filename().string());
}

// Whether a file in the ISO base format begins with one of these brands.
bool has_brand(std::string_view bytes, const Texts& brands) {
  return bytes.size() >= 12 && bytes.substr(4, 4) == "ftyp" &&
         std::find(brands.begin(), brands.end(), bytes.substr(8, 4)) != brands.end();
}

bool ends_with_any(const std::string& text, const Texts& endings) {
  return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return text.ends_with(ending); });
}

}  // namespace

const std::vector<ImageFormat>& image_formats() {
  using namespace std::string_view_literals;
  using Bytes = std::string_view;
  static const std::vector<ImageFormat> rows = {
      {"PNG", [](Bytes bytes) { return bytes.starts_with("\x89PNG\r\n\x1a\n"); }, {".png"}, decode_png, true},
      {"JPEG",
       [](Bytes bytes) { return bytes.starts_with("\xff\xd8\xff"); },
       {".jpg", ".jpeg", ".jpe"},
       decode_jpeg,
       true},
      {"PGM or PPM",
       [](Bytes bytes) {
         return bytes.size() > 2 && bytes[0] == 'P' && "2356"sv.find(bytes[1]) != Bytes::npos;
       },
       {".pgm", ".ppm", ".pnm"},
       decode_pnm},
      {"GIF", [](Bytes bytes) { return bytes.starts_with("GIF8"); }, {".gif"}, nullptr, true},
      {"BMP", [](Bytes bytes) { return bytes.starts_with("BM"); }, {".bmp"}},
      {"WebP",
       [](Bytes bytes) { return bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP"); },
       {".webp"}},
      {"TIFF",
       [](Bytes bytes) { return bytes.starts_with("II*\0"sv) || bytes.starts_with("MM\0*"sv); },
       {".tif", ".tiff"}},
      {"HEIC",
       [](Bytes bytes) {
         return has_brand(bytes, {"heic", "heix", "hevc", "heim", "mif1"});
       },
       {".heic", ".heif"}},
      {"AVIF",
       [](Bytes bytes) {
         return has_brand(bytes, {"avif", "avis"});
       },
       {".avif"}},
      {"JPEG 2000",
       [](Bytes bytes) {
         return bytes.starts_with("\0\0\0\x0cjP  "sv) || bytes.starts_with("\xff\x4f\xff\x51");
       },
       {".jp2", ".j2k"}},
      {"Photoshop", [](Bytes bytes) { return bytes.starts_with("8BPS"); }, {".psd"}},
      {"icon", [](Bytes bytes) { return bytes.starts_with("\0\0\1\0"sv); }, {".ico"}},
      {"SVG", [](Bytes bytes) { return bytes.substr(0, 512).find("<svg") != Bytes::npos; }, {".svg"}},
      {"PBM", [](Bytes bytes) { return bytes.starts_with("P1") || bytes.starts_with("P4"); }, {".pbm"}},
  };
  return rows;
}

const ImageFormat* image_format(std::string_view bytes) {
  for (const auto& format : image_formats()) {
    if (format.recognises(bytes)) return &format;
  }
  return nullptr;
}

const Foreign* foreign_format(const fs::path& file, std::string_view first_bytes) {
  const auto begins = [&](std::string_view magic) { return first_bytes.starts_with(magic); };
  for (const auto& row : foreign_rows()) {
    if (std::any_of(row.magics.begin(), row.magics.end(), begins)) return &row.format;
  }
  if (const auto* image = image_format(first_bytes); image && image->distinctive) return &kPicture;
  const auto name = file_name(file);
  for (const auto& row : foreign_rows()) {
    if (ends_with_any(name, row.endings)) return &row.format;
  }
  for (const auto& image : image_formats()) {
    if (ends_with_any(name, image.endings)) return &kPicture;
  }
  return nullptr;
}

SeenFile see_file(const fs::path& path) {
  SeenFile file{path, path.filename().string(), std::string(512, '\0')};
  std::ifstream stream(path, std::ios::binary);
  stream.read(file.first_bytes.data(), static_cast<std::streamsize>(file.first_bytes.size()));
  file.first_bytes.resize(static_cast<std::size_t>(stream.gcount()));
  file.foreign = foreign_format(path, file.first_bytes);
  return file;
}

bool has_ending(const fs::path& file, std::string_view ending) {
  return file_name(file).ends_with(ending);
}

const std::vector<std::string_view>& archive_endings() {
  static const Texts endings = {".zip", ".tar", ".tar.gz", ".tgz"};
  return endings;
}

bool is_archive(const fs::path& file) {
  return ends_with_any(file_name(file), archive_endings());
}

bool begins_like_archive(std::string_view first_bytes) {
  const bool tar = first_bytes.size() > 262 && first_bytes.substr(257, 5) == "ustar";
  return tar || first_bytes.starts_with("PK\x03\x04") || first_bytes.starts_with("PK\x05\x06") ||
         first_bytes.starts_with("\x1f\x8b");
}

bool is_image_name(const fs::path& file) {
  const auto name = file_name(file);
  const auto& formats = image_formats();
  return std::any_of(formats.begin(), formats.end(), [&](const ImageFormat& format) {
    return format.decode && ends_with_any(name, format.endings);
  });
}

bool is_company(const fs::path& file) {
  const std::string name = file_name(file);
  return name == "readme" || name == "license" || name == "copying" ||
         ends_with_any(name, {".txt", ".md", ".json", ".csv", ".tsv", ".xml", ".yaml", ".yml", ".toml",
                              ".html", ".htm", ".db", ".ini", ".log", ".pdf", ".py"});
}

bool is_hidden(const std::string& name) {
  // macOS in zips, Synology, Windows, ext4.
  static const Texts names = {"__macosx",    "@eadir",       "#recycle",   "thumbs.db",
                              "desktop.ini", "$recycle.bin", "lost+found", "system volume information"};
  return name.starts_with('.') || std::find(names.begin(), names.end(), in_lower_case(name)) != names.end();
}

std::string without_ending(const std::string& name) {
  const auto dot = name.rfind('.');
  const auto file = name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1;
  const bool ending = dot != std::string::npos && dot > file && dot + 1 < name.size() &&
                      std::isalpha(static_cast<unsigned char>(name[dot + 1]));
  return ending ? name.substr(0, dot) : name;
}

}  // namespace belamy
