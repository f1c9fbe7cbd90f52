#include "core/output_paths.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <map>
#include <optional>
#include <sys/stat.h>

#include "belamy/error.h"

#include "core/env.h"
#include "core/text.h"

namespace belamy {
namespace {

constexpr std::size_t head_bytes = 4096;

// Device and inode, which all names and links of a file share; nothing if there is no file.
std::optional<std::pair<std::uint64_t, std::uint64_t>> identity_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::nullopt;
  return std::pair<std::uint64_t, std::uint64_t>(status.st_dev, status.st_ino);
}

// The path without links, "." and "..", and without a "/" at its end; it need not exist.
fs::path real_place(const fs::path& path) {
  std::error_code code;
  auto place = fs::weakly_canonical(fs::absolute(path, code), code);
  if (code) place = fs::absolute(path, code).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

// "new/../a" is "a" if there is no folder "new": it must not be made on the way.
fs::path without_detours(const fs::path& path) {
  std::error_code code;
  fs::path place;
  for (const auto& part : path) {
    if (part == "." && !place.empty()) continue;
    const bool detour = part == ".." && !place.empty() && !fs::exists(place, code);
    place = detour ? place.parent_path() : place / part;
  }
  return place.empty() ? "." : place;
}

std::string ending_of(const fs::path& path) {
  return in_lower_case(path.extension().string());
}

const char* ending_of(OutputKind kind) {
  switch (kind) {
    case OutputKind::folder: return "/";
    case OutputKind::png: return ".png";
    case OutputKind::npz: return ".npz";
    case OutputKind::csv: return ".csv";
    case OutputKind::webp: return ".webp";
    case OutputKind::zip: return ".zip";
    case OutputKind::onnx: return ".onnx";
    case OutputKind::pt: return ".pt";
    case OutputKind::safetensors: return ".safetensors";
  }
  return "";
}

bool looks_like_a_file(const fs::path& path) {
  static const std::set<std::string> endings = {".png",  ".jpg", ".jpeg",       ".webp", ".npz",
                                                ".csv",  ".zip", ".toml",       ".html", ".json",
                                                ".onnx", ".pt",  ".safetensors"};
  return endings.count(ending_of(path)) > 0;
}

using Kinds = std::initializer_list<OutputKind>;

std::optional<OutputKind> kind_of(const std::string& value, Kinds kinds) {
  const auto allowed = [&](OutputKind kind) {
    return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
  };
  const fs::path path(value);
  const bool folder = allowed(OutputKind::folder);
  std::error_code code;
  if (value.ends_with('/') || fs::is_directory(path, code))
    return folder ? std::optional(OutputKind::folder) : std::nullopt;
  for (const auto kind : kinds)
    if (kind != OutputKind::folder && ending_of(path) == ending_of(kind)) return kind;
  const bool named_like_one = kinds.size() == 1 ? !looks_like_a_file(path) : path.extension().empty();
  return folder && named_like_one ? std::optional(OutputKind::folder) : std::nullopt;
}

Error wrong_kind(const std::string& option, const std::string& value, Kinds kinds) {
  const auto stem = fs::path(value).replace_extension().string();
  std::vector<std::string> endings, uses;
  for (const auto kind : kinds) {
    endings.emplace_back(ending_of(kind));
    uses.push_back(kind == OutputKind::folder ? "DIR/" : std::string("F") + ending_of(kind));
  }
  if (kinds.size() > 1) {
    return usage_error(
        fmt::format("{} {}: the name must end in one of {}", option, value, fmt::join(endings, ", ")),
        fmt::format("use {}", fmt::join(uses, " or ")));
  }
  if (endings[0] == "/") {
    return usage_error(
        fmt::format("{} {}: this is the name of a file, but a folder is needed", option, value),
        fmt::format("use {} {}/", option, stem));
  }
  return usage_error(
      fmt::format("{} {}: the name must end in {}", option, value, endings[0]),
      value.ends_with('/') ? "use F" + endings[0] : fmt::format("use {} {}{}", option, stem, endings[0]));
}

bool begins_with_mark(const fs::path& file, std::string_view mark) {
  std::array<char, head_bytes> head;
  std::ifstream stream(file, std::ios::binary);
  stream.read(head.data(), head.size());
  return std::string_view(head.data(), static_cast<std::size_t>(stream.gcount())).find(mark) !=
         std::string_view::npos;
}

Error is_input(const std::string& option, const std::string& path) {
  return usage_error(
      fmt::format("{} {}: the command or its run reads that file and would overwrite it", option, path),
      fmt::format("choose another {}", option));
}

}  // namespace

void Inputs::add_file(const fs::path& file) {
  if (const auto identity = identity_of(file)) files_.insert(*identity);
}

void Inputs::add_folder(const fs::path& folder) {
  folders_.push_back(folder);
}

bool Inputs::has(const fs::path& file) const {
  const auto identity = identity_of(file);
  return identity && files_.count(*identity) > 0;
}

fs::path Inputs::folder_around(const fs::path& path) const {
  const auto place = real_place(path);
  for (const auto& folder : folders_) {
    const auto root = real_place(folder);
    if (std::mismatch(root.begin(), root.end(), place.begin(), place.end()).first == root.end())
      return folder;
  }
  return {};
}

OutputPath OutputPath::named(const std::string& option, const std::string& value, Kinds kinds,
                             const Inputs& inputs) {
  if (value == "-") {
    throw usage_error(fmt::format("{} -: the output cannot go to standard output", option),
                      "name a file or a folder; one that is called - can be written as ./-");
  }
  const auto kind = kind_of(value, kinds);
  if (!kind) throw wrong_kind(option, value, kinds);
  if (const auto around = inputs.folder_around(value); !around.empty()) {
    throw usage_error(
        fmt::format("{} {}: this lies in {}, whose images the command or its run reads", option, value,
                    around.string()),
        "choose a place outside of that folder; the next command would read the output as images of yours");
  }
  if (inputs.has(value)) throw is_input(option, value);
  return {option, *kind, without_detours(value)};
}

OutputPath OutputPath::below(const fs::path& name, std::string_view mark, const Inputs& inputs) const {
  const auto normal = name.lexically_normal();
  if (normal.empty() || normal.is_absolute() || *normal.begin() == ".." || normal == ".")
    throw Error(ExitCode::internal, fmt::format("'{}' does not lie below a folder", name.string()));
  const OutputPath file(option_, kind_, path_ / normal);
  std::error_code code;
  if (fs::exists(path_ / settings_of_run, code)) {
    throw usage_error(fmt::format("{} {}: this is the folder of a run", option_, string()),
                      fmt::format("choose another {}", option_));
  }
  if (inputs.has(file.path())) throw is_input(option_, file.string());
  file.refuse_others(mark);
  return file;
}

void OutputPath::refuse_others(std::string_view mark) const {
  std::error_code code;
  if (!fs::is_regular_file(path_, code) || begins_with_mark(path_, mark)) return;
  throw usage_error(fmt::format("{}: this file exists already, and Belamy did not write it", string()),
                    fmt::format("choose another {}, or move that file away", option_));
}

void write_output(const OutputPath& path, std::string_view bytes) {
  if (path.path().has_parent_path()) Env::real().create_folders(path.path().parent_path());
  write_atomically(Env::real(), path.path(), bytes);
}

std::vector<std::string> names_with_ending(const std::vector<std::string>& names, const std::string& ending) {
  std::vector<std::string> chosen;
  std::set<std::string> folders;
  for (const auto& name : names) {
    chosen.push_back(fs::path(name).replace_extension(ending).string());
    for (auto folder = fs::path(name).parent_path(); !folder.empty(); folder = folder.parent_path())
      folders.insert(folder.string());
  }
  // A long name may equal the short name of another file, which then becomes long too. Long names all differ.
  std::vector<bool> is_long(names.size());
  for (bool changed = true; changed;) {
    changed = false;
    std::map<std::string, int> uses;
    for (const auto& name : chosen) ++uses[name];
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (is_long[i] || (uses[chosen[i]] == 1 && folders.count(chosen[i]) == 0)) continue;
      is_long[i] = changed = true;
    }
    for (std::size_t i = 0; i < names.size(); ++i)
      if (is_long[i]) chosen[i] = names[i] + ending;
  }
  return chosen;
}

}  // namespace belamy
