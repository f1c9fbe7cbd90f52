// Where a verb may write. The rules: a file that the command line names is replaced if it exists, as `cp`
// does, but a picture only if Belamy wrote it; below a folder that the command line names, only files that
// Belamy wrote are replaced, and it is not the folder of a run; a file of the data or of the run is never
// replaced, and nothing is written into a folder of images that are data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace belamy {

/// What a command or its run reads.
class Inputs {
 public:
  /// A missing file is ignored here; reading it reports the error.
  void add_file(const std::filesystem::path& file);
  /// A folder that is read with everything below it. Add its files as well.
  void add_folder(const std::filesystem::path& folder);

  /// Whether this is one of the files, also by another name or a link.
  bool has(const std::filesystem::path& file) const;
  /// The added folder that `path` is or lies in, as it was added; empty if there is none.
  std::filesystem::path folder_around(const std::filesystem::path& path) const;

 private:
  std::set<std::pair<std::uint64_t, std::uint64_t>> files_;  // device and inode of each file
  std::vector<std::filesystem::path> folders_;
};

/// The file that makes a folder the folder of a run.
inline constexpr std::string_view settings_of_run = "resolved.toml";

enum class OutputKind { folder, png, npz, csv, webp, zip, onnx, pt, safetensors };

/// A place that may be written. It can only be made by the functions below, which check the rules above.
class OutputPath {
 public:
  /// The place that the value of `option` names. Usage errors: its kind is none of `kinds`, or a rule forbids
  /// it. A name means a folder if it ends in "/", has no ending, or is an existing folder; if only a folder
  /// is allowed, also any name that does not look like that of a file ("vae-0.5").
  static OutputPath named(const std::string& option, const std::string& value,
                          std::initializer_list<OutputKind> kinds, const Inputs& inputs = {});
  /// A file below this folder; `name` is relative and without "..". A usage error if the file is one of the
  /// inputs, if the folder is that of a run, or for what `refuse_others` refuses.
  OutputPath below(const std::filesystem::path& name, std::string_view mark, const Inputs& inputs = {}) const;

  /// A usage error if the file exists without the `mark` in its first bytes that Belamy's files of this kind
  /// carry.
  void refuse_others(std::string_view mark) const;

  OutputKind kind() const { return kind_; }
  const std::filesystem::path& path() const { return path_; }
  std::string string() const { return path_.string(); }

 private:
  OutputPath(std::string option, OutputKind kind, std::filesystem::path path)
      : option_(std::move(option)), kind_(kind), path_(std::move(path)) {}

  std::string option_;
  OutputKind kind_;
  std::filesystem::path path_;
};

/// Writes one file, whole or not at all, and creates its folders.
void write_output(const OutputPath& path, std::string_view bytes);

/// Names for files made from other files, in the same folders: "a/b.jpg" gives "a/b.png" for the ending
/// ".png". If two would get the same name, or a folder has that name, they keep their own endings:
/// "a/b.jpg.png". `names` are relative, with '/' between folders, and all different.
std::vector<std::string> names_with_ending(const std::vector<std::string>& names, const std::string& ending);

}  // namespace belamy
