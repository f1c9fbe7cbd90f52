#include "data/readers.h"

#include <algorithm>
#include <fmt/format.h>

#include "core/text.h"

namespace belamy {

namespace fs = std::filesystem;

const std::vector<std::pair<Source::Kind, DataFormat>>& data_formats() {
  static const std::vector<std::pair<Source::Kind, DataFormat>> all = {
#define BELAMY_FORMAT(name) {Source::Kind::name, formats::name()},
#include "data/formats.def"
#undef BELAMY_FORMAT
  };
  return all;
}

const DataFormat* format_of(Source::Kind kind) {
  for (const auto& [known, format] : data_formats()) {
    if (known == kind) return &format;
  }
  return nullptr;
}

bool holds_files(const Source& source) {
  const auto* format = format_of(source.kind);
  return format && format->of_files;
}

Problem problem_of(const Error& error, const std::string& file) {
  std::string text = error.what();
  Problem problem{file, text, ""};
  if (const auto at = text.find("\n  "); at != std::string::npos) {
    problem.cure = text.substr(at + 3);
    problem.reason = text.substr(0, at);
  }
  if (problem.reason.starts_with(file + ": ")) problem.reason.erase(0, file.size() + 2);
  return problem;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::error_code code;
  std::vector<fs::path> files;
  fs::directory_iterator entries(folder, code);
  for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
    std::error_code ignored;
    if (entries->is_regular_file(ignored) && !is_hidden(entries->path().filename().string())) {
      files.push_back(entries->path());
    }
  }
  if (code)
    throw data_error(fmt::format("{}: cannot be read: {}", folder.string(), code.message()),
                     "check the path");
  if (files.empty()) throw data_error(folder.string() + ": no files in it", "check the path");
  std::sort(files.begin(), files.end());
  return files;
}

std::string describe(const std::vector<fs::path>& files) {
  std::vector<std::string> names;
  for (const auto& file : files) names.push_back(file.filename().string());
  return fmt::format("{}: {}", counted(files.size(), "file"), first_names(names, 5));
}

std::uint8_t brightest_of(const std::uint8_t* begin, const std::uint8_t* end) {
  const auto found = std::max_element(begin, end);
  return found == end ? std::uint8_t{0} : *found;
}

std::optional<Problem> dark_images(const std::string& source, std::uint8_t brightest) {
  // A quarter of the range. Values 0 .. 15 end at 15, 10, 12 and 14 bits stored in 16 at 4, 16 and 64.
  constexpr int dark = 64;
  if (brightest > dark) return {};
  return Problem{
      source, fmt::format("almost black: no value of any image is above {} of 255", brightest),
      "unless this is intended, multiply all values so that the largest come near the top of their range "
      "(12 bits stored in 16: by 16)"};
}

std::optional<Problem> empty_classes(const std::string& source, const std::vector<std::string>& names,
                                     const std::vector<std::int64_t>& counts) {
  std::vector<std::string> empty;
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (counts[c] == 0) empty.push_back(names[c]);
  }
  if (empty.empty()) return {};
  const bool numbered = names == numbered_classes(static_cast<std::int64_t>(names.size()));
  return Problem{
      source,
      fmt::format("{} of {} {} no training image: {}", empty.size(), counted(names.size(), "class"),
                  empty.size() == 1 ? "has" : "have", first_names(empty, 5)),
      numbered
          ? "add images to them, or leave them out: numbers as labels count from 0 without a gap"
          : "add training images to them, or remove the classes, from the test set too (of a set that Belamy "
            "draws itself, such as glyphs, raise data.limit)"};
}

std::vector<std::string> numbered_classes(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace belamy
