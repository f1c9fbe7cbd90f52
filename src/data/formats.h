// Recognises file formats by names and first bytes. Internal to src/data.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/image.h"

namespace belamy {

/// A format of single images, read or not.
struct ImageFormat {
  std::string name;                            ///< "GIF"
  bool (*recognises)(std::string_view bytes);  ///< by the first bytes of a file
  std::vector<std::string_view> endings;       ///< of names, in small letters
  /// Decodes a file with `name` for messages; null if the format is not read.
  Image (*decode)(std::string_view bytes, const std::string& name) = nullptr;
  /// The first bytes suffice to say that a file given as a data set is an image, whatever its name is.
  bool distinctive = false;
};
const std::vector<ImageFormat>& image_formats();
/// The format of these bytes; null if there is none.
const ImageFormat* image_format(std::string_view bytes);

/// A format that is recognised but cannot be read.
struct Foreign {
  std::string what;      ///< "a 7z archive"
  std::string cure;      ///< what to do with such a file
  bool picture = false;  ///< a picture: usable in a folder, but not a data set by itself
};

/// The format of a file that is not a data set by itself, recognised by its first bytes (512 are enough),
/// else by its name; null for all others.
const Foreign* foreign_format(const std::filesystem::path& file, std::string_view first_bytes);

/// A file that may be a data set.
struct SeenFile {
  std::filesystem::path path;
  std::string name;                  ///< without folders
  std::string first_bytes;           ///< at most 512; none if the file is empty or cannot be read
  const Foreign* foreign = nullptr;  ///< what it is, if it is not a data set by itself
};
SeenFile see_file(const std::filesystem::path& path);

/// Whether the name of a file has this ending, which is in small letters; the name may have capitals.
bool has_ending(const std::filesystem::path& file, std::string_view ending);

/// The endings of the archives that read_archive reads; messages list them too.
const std::vector<std::string_view>& archive_endings();
/// Whether a file has the name of such an archive.
bool is_archive(const std::filesystem::path& file);
/// Whether the first bytes are those of such an archive.
bool begins_like_archive(std::string_view first_bytes);

/// Whether a file has the name of an image that decode_image reads.
bool is_image_name(const std::filesystem::path& file);

/// A text or a table, as often lies beside the images of a data set.
bool is_company(const std::filesystem::path& file);

/// A file or folder that a system or program keeps for itself, such as .git, Thumbs.db or __MACOSX. `name` is
/// without folders.
bool is_hidden(const std::string& name);

/// "sub/cat" for "sub/cat.png". The text after the last dot is an ending if it begins with a letter.
std::string without_ending(const std::string& name);

}  // namespace belamy
