// Where a verb may write. The rule: a file that the command line names is replaced where it exists, as `cp`
// does it; below a folder that the command line names, only files that Belamy wrote are replaced; and what
// the command reads is never replaced, nor is anything written into a folder of images that it reads.
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

/// What a command reads.
class Inputs {
 public:
  /// A file that is not there is no input: who reads it reports that.
  void add_file(const std::filesystem::path& file);
  /// A folder that is read with everything below it. Its files are to be added too.
  void add_folder(const std::filesystem::path& folder);

  /// Whether this is one of the files, by another name or a link as well.
  bool has(const std::filesystem::path& file) const;
  /// The folder, as it was added, in which `path` lies or which it is; empty: none.
  std::filesystem::path folder_around(const std::filesystem::path& path) const;

 private:
  std::set<std::pair<std::uint64_t, std::uint64_t>> files_;  // device and number of each file
  std::vector<std::filesystem::path> folders_;
};

enum class OutputKind { folder, png, npz, csv, webp, zip };

/// A place that may be written. This is the only way to one: it has been checked against the rule above.
class OutputPath {
 public:
  /// What the value of `option` names. Usage errors: its kind is none of `kinds`, or the rule forbids it. A
  /// folder is a name that ends in "/", has no ending, or is there already; where only a folder will do, any
  /// name that does not look like a file's ("vae-0.5").
  static OutputPath named(const std::string& option, const std::string& value,
                          std::initializer_list<OutputKind> kinds, const Inputs& inputs = {});
  /// A file below this folder; `name` is relative and without "..". A usage error when the file is one of the
  /// inputs, or is there and its first bytes do not have the `mark` that Belamy's files of this kind carry.
  OutputPath below(const std::filesystem::path& name, std::string_view mark, const Inputs& inputs = {}) const;

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

/// The names of files made from other files, each in the place of the one it is made from: "a/b.jpg" gives
/// "a/b.png" for the ending ".png". Where two would get one name, or a folder has it, they keep their own
/// endings: "a/b.jpg.png". `names` are relative, with '/' between folders, and all different.
std::vector<std::string> names_with_ending(const std::vector<std::string>& names, const std::string& ending);

}  // namespace belamy
