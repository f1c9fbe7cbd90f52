// Recognises file formats by names and first bytes. Internal to src/data.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// A format that is recognised but cannot be read.
struct Foreign {
  std::string what;      ///< "a 7z archive"
  std::string cure;      ///< what to do with such a file
  bool picture = false;  ///< a picture: usable in a folder, but not a data set by itself
};

/// The format of a file that is not a data set by itself, recognised by its first bytes (512 are enough),
/// else by its name; null for all others.
const Foreign* foreign_format(const std::filesystem::path& file, std::string_view first_bytes);

/// The endings of the archives that read_archive reads; messages list them too.
const std::vector<std::string_view>& archive_endings();
/// Whether a file has the name of such an archive.
bool is_archive(const std::filesystem::path& file);
/// Whether the first bytes are those of such an archive.
bool begins_like_archive(std::string_view first_bytes);

bool is_image_name(const std::filesystem::path& file);

/// A text or a table, as often lies beside the images of a data set.
bool is_company(const std::filesystem::path& file);

/// A file or folder that a system or program keeps for itself, such as .git, Thumbs.db or __MACOSX. `name` is
/// without folders.
bool is_hidden(const std::string& name);

/// "sub/cat" for "sub/cat.png". The text after the last dot is an ending if it begins with a letter.
std::string without_ending(const std::string& name);

}  // namespace belamy
