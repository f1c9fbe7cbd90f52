#include "data/formats.h"

#include <algorithm>
#include <cctype>

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
      {{"a Python pickle", kSavez}, {}, {".pkl", ".pickle"}},
      {{"a table", kSavez}, {}, {".csv", ".tsv"}},
      {{"a single picture", "give the folder that holds it", true},
       {"\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "GIF8"},
       {".pbm", ".gif", ".bmp", ".tif", ".tiff", ".webp"}},
  };
  return rows;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string file_name(const fs::path& file) {
  return lower(file.filename().string());
}

bool ends_with_any(const std::string& text, const Texts& endings) {
  return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return text.ends_with(ending); });
}

}  // namespace

const Foreign* foreign_format(const fs::path& file, std::string_view first_bytes) {
  const auto begins = [&](std::string_view magic) { return first_bytes.starts_with(magic); };
  for (const auto& row : foreign_rows()) {
    if (std::any_of(row.magics.begin(), row.magics.end(), begins)) return &row.format;
  }
  for (const auto& row : foreign_rows()) {
    const bool image = row.format.picture && is_image_name(file);
    if (image || ends_with_any(file_name(file), row.endings)) return &row.format;
  }
  return nullptr;
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
  return ends_with_any(file_name(file), {".png", ".jpg", ".jpeg", ".jpe", ".pgm", ".ppm", ".pnm"});
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
  return name.starts_with('.') || std::find(names.begin(), names.end(), lower(name)) != names.end();
}

std::string without_ending(const std::string& name) {
  const auto dot = name.rfind('.');
  const auto file = name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1;
  const bool ending = dot != std::string::npos && dot > file && dot + 1 < name.size() &&
                      std::isalpha(static_cast<unsigned char>(name[dot + 1]));
  return ending ? name.substr(0, dot) : name;
}

}  // namespace belamy
