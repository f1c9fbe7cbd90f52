// What names and first bytes of files tell. Internal to src/data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// A format that is known and not read.
struct Foreign {
  std::string what;      ///< "a 7z archive"
  std::string cure;      ///< what to do with such a file
  bool picture = false;  ///< a picture: good in a folder, but no data set by itself
};

/// The format of a file that is no data set by itself, by its first bytes (512 are enough), else by its name;
/// null for all others.
const Foreign* foreign_format(const std::filesystem::path& file, std::string_view first_bytes);

/// The endings of the archives that read_archive reads, for messages as well.
const std::vector<std::string_view>& archive_endings();
/// Whether a file has the name of such an archive.
bool is_archive(const std::filesystem::path& file);
/// Whether the first bytes are those of such an archive.
bool begins_like_archive(std::string_view first_bytes);

bool is_image_name(const std::filesystem::path& file);

/// A text or table, as lies beside the images of good data sets.
bool is_company(const std::filesystem::path& file);

/// A file or folder that a system keeps for itself, such as .git, Thumbs.db or __MACOSX; `name`
/// without folders.
bool is_hidden(const std::string& name);

/// "sub/cat" of "sub/cat.png". What follows the last dot is an ending where it begins with a letter.
std::string without_ending(const std::string& name);

}  // namespace belamy
