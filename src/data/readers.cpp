#include "data/readers.h"

#include <algorithm>
#include <fmt/format.h>

#include "data/formats.h"

namespace belamy {

namespace fs = std::filesystem;

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
                     "Check the path.");
  if (files.empty()) throw data_error(folder.string() + ": no files in it", "Check the path.");
  std::sort(files.begin(), files.end());
  return files;
}

std::string describe(const std::vector<fs::path>& files) {
  std::string text = fmt::format("{} file{}", files.size(), files.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < files.size() && i < 5; ++i) {
    text += (i == 0 ? ": " : ", ") + files[i].filename().string();
  }
  return files.size() > 5 ? text + ", ..." : text;
}

std::vector<std::string> numbered_classes(std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(std::to_string(i));
  return names;
}

}  // namespace belamy
