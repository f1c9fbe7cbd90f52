#include "data/walk.h"

#include <algorithm>
#include <cctype>
#include <deque>
#include <set>

#include "belamy/error.h"

namespace belamy {

namespace fs = std::filesystem;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> split_path(const std::string& name) {
  std::vector<std::string> parts;
  for (const auto& part : fs::path(name).relative_path()) {
    if (part != ".") parts.push_back(part.string());
  }
  return parts;
}

bool ends_with_any(const std::string& name, const std::vector<std::string>& endings) {
  const std::string text = lower(name);
  return std::any_of(endings.begin(), endings.end(),
                     [&](const auto& ending) { return text.ends_with(ending); });
}

bool is_hidden(const std::string& name) {
  const auto parts = split_path(name);
  return parts.empty() || std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
           return part.starts_with('.') || part == "__MACOSX";
         });
}

bool is_image_name(const std::string& name) {
  return ends_with_any(name, {".png", ".jpg", ".jpeg", ".jpe", ".pgm", ".ppm", ".pnm"});
}

bool is_company(const std::string& name) {
  const std::string file = lower(fs::path(name).filename().string());
  return file == "readme" || file == "license" || file == "copying" ||
         ends_with_any(file, {".txt", ".md", ".json", ".csv", ".tsv", ".xml", ".yaml", ".yml", ".toml",
                              ".html", ".htm", ".db", ".ini", ".log", ".pdf", ".py"});
}

namespace {

class Walk {
 public:
  FolderFiles take(const fs::path& folder) {
    links_.push_back({folder, ""});
    while (!links_.empty()) {
      const auto next = links_.front();
      links_.pop_front();
      enter(next.folder, next.prefix);
    }
    std::sort(found_.names.begin(), found_.names.end());
    return std::move(found_);
  }

 private:
  struct Place {
    fs::path folder;
    std::string prefix;
  };

  void enter(const fs::path& folder, const std::string& prefix) {
    std::error_code code;
    if (!entered_.insert(fs::canonical(folder, code)).second) return;
    for (const auto& entry : entries_of(folder)) {
      const std::string name = entry.path().filename().string();
      if (is_hidden(name)) continue;
      if (entry.is_directory(code)) {
        if (entry.is_symlink(code)) {
          links_.push_back({entry.path(), prefix + name + "/"});
        } else {
          enter(entry.path(), prefix + name + "/");
        }
      } else if (entry.is_regular_file(code)) {
        found_.names.push_back(prefix + name);
      } else if (!entry.exists(code)) {
        found_.problems.push_back(
            {entry.path().string(), "a link to a file that is not there", "Remove the link."});
      }
    }
  }

  // Sorted, so that what is found does not depend on the file system.
  std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
    std::error_code code;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator it(folder, code); !code && it != fs::directory_iterator(); it.increment(code))
      entries.push_back(*it);
    if (code)
      found_.problems.push_back(
          {folder.string(), "cannot be read: " + code.message(), "Make the folder readable."});
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  FolderFiles found_;
  std::set<fs::path> entered_;
  std::deque<Place> links_;  // to folders, which are entered after all that need no link
};

}  // namespace

FolderFiles walk_folder(const fs::path& folder) {
  std::error_code code;
  if (!fs::is_directory(folder, code))
    throw data_error(folder.string() + ": no such folder", "Check the path.");
  return Walk().take(folder);
}

}  // namespace belamy
