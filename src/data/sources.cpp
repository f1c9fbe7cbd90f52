// Where a data set is, by its name or path, and what kind of source it is.
#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <pwd.h>
#include <unistd.h>

#include "belamy/error.h"

#include "data/cluttered.h"
#include "data/dataset.h"
#include "data/downloads.h"
#include "data/environment.h"
#include "data/glyphs.h"
#include "data/readers.h"
#include "data/sprites.h"
#include "data/stacked_digits.h"
#include "data/synthetic.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

// Sets that lie in folders, by their usual names.
struct FolderSet {
  const char* name;
  const char* description;
};
constexpr FolderSet kFolderSets[] = {
    {"mnist", "handwritten digits, 28x28 gray, 10 classes, 60,000 + 10,000"},
    {"fashion-mnist", "clothes, 28x28 gray, 10 classes, 60,000 + 10,000"},
    {"usps", "zip-code digits, 16x16 gray, 10 classes, 7,291 + 2,007"},
    {"binarized-mnist", "handwritten digits, 28x28 black and white, 50,000 + 10,000"},
    {"cifar10-jpeg", "animals and vehicles, 32x32 colour, 10 classes, 50,000 + 10,000, as JPEG"},
    {"omniglot", "characters of 50 alphabets, 105x105, 964 + 659 classes of 20"},
    {"pixel-characters", "game characters from 4 sides, 64x64 colour, 3,648"},
    {"pneumonia-mnist", "chest X-rays, 28x28 gray, 2 classes, 4,708 + 624"},
    {"brooklyn-1887-maps", "maps of 1887 beside drawings of them, 512x256 colour, 270 + 432"},
};
// Sets that are made of glyphs.
constexpr FolderSet kMadeOfGlyphs[] = {
    {kCaptionedGlyphs,
     "coloured letters with captions, 64x64 colour, 26 classes, 13,486 + 745; test: unseen combinations"},
    {kSeenCombinations, "the same, 13,486 + 6,743; test: combinations of the training, drawn anew"},
    {kCluttered, "digits at known places among pieces of letters, 64x64 gray, 10 classes, 12,000 + 2,000"},
};
constexpr const char* kGlyphs = "letters and digits in 49 typefaces, 32x32 gray, 62 classes, 48,608 + 6,076";
constexpr const char* kSpritesText =
    "white shapes with known shape, size, turn, x and y, 32x32 gray, 3 classes, 18,432 + 4,608";
constexpr const char* kStackedText =
    "three digits of mnist in three channels, 28x28 colour, 1,000 classes, 128,000 + 26,000";

std::string alias(const std::string& name) {
  return name == "cifar10" ? "cifar10-jpeg" : name;
}

// A path that cannot be looked up, such as one that is too long, does not exist.
bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code);
}

// Files of the folder that may be data, sorted by name: without hidden files, texts about the data and parts
// of downloads.
std::vector<fs::path> data_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code code;
  for (fs::directory_iterator it(folder, code), end; !code && it != end; it.increment(code)) {
    const fs::path extension = it->path().extension();
    const bool text =
        it->path().filename().string().starts_with("README") || extension == ".md" || extension == ".txt";
    if (!is_hidden(it->path().filename().string()) && !text && extension != ".part")
      found.push_back(it->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Source::Kind kind_of_file(const fs::path& path) {
  const auto file = see_file(path);
  for (const auto& [kind, format] : data_formats()) {
    if (format.recognises && format.recognises(file)) return kind;
  }
  if (file.foreign)
    throw data_error(
        fmt::format("{}: {}, which cannot be read as a data set", path.string(), file.foreign->what),
        file.foreign->cure);
  throw data_error(
      path.string() + ": cannot be read as a data set",
      fmt::format("give a folder of images, an archive ({}), a .npz, a DICOM or NIfTI file, or files of "
                  "MNIST, CIFAR-10 or USPS",
                  fmt::join(archive_endings(), ", ")));
}

// The first file among entries of a folder, or below them, that may be data; texts and hidden files are passed over.
std::optional<fs::path> first_file(const std::vector<fs::path>& entries, int depth = 0) {
  constexpr int deepest = 16;  // links may lead in circles
  for (const auto& entry : entries) {
    std::error_code code;
    if (fs::is_regular_file(entry, code) && !is_company(entry)) return entry;
    if (depth == deepest || !fs::is_directory(entry, code)) continue;
    if (const auto found = first_file(data_in(entry), depth + 1)) return found;
  }
  return std::nullopt;
}

Source::Kind kind_of_folder(const fs::path& folder) {
  const auto entries = data_in(folder);
  for (const auto& entry : entries) {
    for (const auto& [kind, format] : data_formats()) {
      if (format.recognises_folder_by && format.recognises_folder_by(entry.filename().string())) return kind;
    }
  }
  if (const auto first = first_file(entries)) {
    const auto file = see_file(*first);
    for (const auto& [kind, format] : data_formats()) {
      if (format.by_first_file && format.recognises(file)) return kind;
    }
  }
  return Source::Kind::folder;
}

// "images" for data/images.tar.gz as for data/images/.
std::string name_of(const fs::path& path) {
  fs::path name = fs::weakly_canonical(path).filename();
  if (fs::is_directory(path)) return name.string();
  name = name.stem();
  return (name.extension() == ".tar" ? name.stem() : name).string();
}

// A file that stands for the folder it lies in. An archive that cannot be read is one too, so that the error
// names it.
bool is_whole_set(const fs::path& file) {
  for (const auto& [kind, format] : data_formats()) {
    if (format.is_whole_set && format.is_whole_set(file)) return true;
  }
  const auto* foreign = see_file(file).foreign;
  return foreign && !foreign->picture;
}

Source source_at(fs::path path, const std::string& name, const std::string& description) {
  std::error_code code;
  if (!fs::is_directory(path, code) && !fs::is_regular_file(path, code))
    throw data_error(path.string() + ": neither a file nor a folder",
                     "give a folder of images, an archive or another file that is on the disk");
  if (fs::is_directory(path)) {
    const auto files = data_in(path);
    if (files.size() == 1 && fs::is_regular_file(files[0]) && is_whole_set(files[0])) path = files[0];
  }
  const Source::Kind kind = fs::is_directory(path) ? kind_of_folder(path) : kind_of_file(path);
  return {kind, name, path, description.empty() ? format_of(kind)->description : description};
}

// A folder of this name in $BELAMY_DATA or the cache. `looked` gets each place tried, and what is wrong
// with it.
std::optional<fs::path> find_folder(const std::string& name, std::vector<std::string>& looked) {
  for (const auto& parent : folders_of_variable("BELAMY_DATA")) {
    const fs::path folder = parent / name;
    if (!data_in(folder).empty()) return folder;
    looked.push_back(folder.string());
  }
  const fs::path folder = cache_folder() / "data" / name;
  const OfficialSet* official = official_set(name);
  bool whole = !data_in(folder).empty();
  // Half a download must not be taken for a set without test images.
  for (std::size_t i = 0; official && i < official->files.size(); ++i) {
    const fs::path file = folder / official->files[i].name;
    whole = whole && (is_there(file) || is_there(fs::path(file).replace_extension()));
  }
  if (whole) return folder;
  looked.push_back(folder.string() + (is_there(folder) ? " (not complete)" : ""));
  return std::nullopt;
}

std::string command_for(const std::string& name) {
  return "belamy data fetch " + name;
}

}  // namespace

fs::path cache_folder() {
  if (const char* folder = variable("BELAMY_CACHE")) return folder;
  if (const char* folder = variable("XDG_CACHE_HOME")) return fs::path(folder) / "belamy";
  if (const char* home = variable("HOME")) return fs::path(home) / ".cache" / "belamy";
  if (const passwd* user = getpwuid(getuid())) return fs::path(user->pw_dir) / ".cache" / "belamy";
  throw data_error("no folder for the cache: neither BELAMY_CACHE nor HOME is set",
                   "set BELAMY_CACHE to a folder that you may write to");
}

std::vector<KnownSet> known_sets() {
  std::vector<KnownSet> sets;
  for (const auto& [name, description] : kFolderSets) {
    std::vector<std::string> looked;
    if (const auto folder = find_folder(name, looked)) {
      sets.push_back({name, description, true, folder->string()});
    } else {
      sets.push_back({name, description, false,
                      official_set(name) ? command_for(name) : "put it into " + looked.back()});
    }
  }
  for (const auto& [name, description] : synthetic_sets())
    sets.push_back({name, description, true, "embedded"});
  sets.push_back({"glyphs", kGlyphs, true, "embedded"});
  for (const auto& [name, description] : kMadeOfGlyphs) sets.push_back({name, description, true, "embedded"});
  for (const auto& [name, description] : glyph_pair_sets())
    sets.push_back({name, description, true, "embedded"});
  sets.push_back({kSprites, kSpritesText, true, "embedded"});
  const auto mnist =
      std::find_if(sets.begin(), sets.end(), [](const KnownSet& set) { return set.name == "mnist"; });
  sets.push_back(
      {kStackedDigits, kStackedText, mnist->available, mnist->available ? "made of mnist" : mnist->where});
  return sets;
}

Source find_source(const std::string& source) {
  if (source.empty())
    throw data_error("data.source is empty", "give a path, or a name from 'belamy data list'");
  std::vector<std::string> names = {"glyphs", "cifar10", kSprites, kStackedDigits};
  if (source == "glyphs") return {Source::Kind::glyphs, source, {}, kGlyphs};
  if (source == kSprites) return {Source::Kind::sprites, source, {}, kSpritesText};
  if (source == kStackedDigits) return {Source::Kind::stacked_digits, source, {}, kStackedText};
  for (const auto& [name, description] : kMadeOfGlyphs) {
    if (name == source) return {Source::Kind::glyphs, source, {}, description};
    names.emplace_back(name);
  }
  for (const auto& [name, description] : glyph_pair_sets()) {
    if (name == source) return {Source::Kind::glyph_pairs, source, {}, description};
    names.push_back(name);
  }
  for (const auto& [name, description] : synthetic_sets()) {
    if (name == source) return {Source::Kind::synthetic, source, {}, description};
    names.push_back(name);
  }
  if (is_there(source)) return source_at(source, name_of(source), "");

  std::vector<std::string> looked = {source};
  const std::string name = alias(source);
  std::map<std::string, std::string> known;
  for (const auto& set : kFolderSets) known[set.name] = set.description;
  // Any set in those folders can be named, not only known ones.
  if (source.find('/') == std::string::npos) {
    for (const auto& each : name == source ? std::vector{name} : std::vector{source, name}) {
      if (const auto folder = find_folder(each, looked)) return source_at(*folder, each, known[each]);
    }
  }
  for (const auto& set : kFolderSets) names.push_back(set.name);

  std::string hint;
  if (official_set(name)) {
    hint = fmt::format("get it with '{}'", command_for(name));
  } else if (std::find(names.begin(), names.end(), name) != names.end()) {
    hint = fmt::format("put its files into {}, or set BELAMY_DATA to the folder that holds {}/",
                       (cache_folder() / "data" / name).string(), name);
  } else {
    hint = suggestion(source, names) + "'belamy data list' lists all known names";
  }
  throw data_error(fmt::format("no data set '{}'; looked for {}", source, fmt::join(looked, ", ")), hint);
}

std::string absolute_source(const std::string& source) {
  if (source.empty() || !is_there(source)) return source;
  const auto found = find_source(source);
  return found.path.empty() ? source : fs::absolute(source).lexically_normal().string();
}

}  // namespace belamy
