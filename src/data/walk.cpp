#include "data/walk.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>

#include "belamy/error.h"

#include "data/formats.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

class Walk {
 public:
  FolderFiles take(const fs::path& folder) {
    links_.push_back({folder, ""});
    while (!links_.empty()) {
      const auto next = links_.front();
      links_.pop_front();
      std::error_code code;
      if (entered_.count(fs::canonical(next.folder, code)) == 0) {
        enter(next.folder, next.prefix);
      } else {
        found_.problems.push_back(
            {next.folder.string(), "a link to a folder that is read already", "remove the link", 0});
      }
    }
    std::sort(found_.names.begin(), found_.names.end());
    std::sort(found_.empty.begin(), found_.empty.end());
    return std::move(found_);
  }

 private:
  struct Place {
    fs::path folder;
    std::string prefix;
  };

  // Whether the folder holds any file, or something that may be one.
  bool enter(const fs::path& folder, const std::string& prefix) {
    std::error_code code;
    if (!entered_.insert(fs::canonical(folder, code)).second) return true;
    const auto entries = entries_of(folder);
    if (!entries) return true;
    bool any = false, full_folder = false;
    std::vector<std::string> empty;
    for (const auto& entry : *entries) {
      const std::string name = entry.path().filename().string();
      if (is_hidden(name)) continue;
      if (entry.is_directory(code)) {
        if (entry.is_symlink(code)) {
          links_.push_back({entry.path(), prefix + name + "/"});
          any = true;
        } else if (enter(entry.path(), prefix + name + "/")) {
          full_folder = true;
        } else {
          empty.push_back(prefix + name);
        }
      } else if (entry.is_regular_file(code)) {
        found_.names.push_back(prefix + name);
        any = true;
      } else if (!entry.exists(code)) {
        found_.problems.push_back(
            {entry.path().string(), "a link to a file that is not there", "remove the link"});
        any = true;
      }
    }
    if (full_folder) found_.empty.insert(found_.empty.end(), empty.begin(), empty.end());
    return any || full_folder;
  }

  // Sorted, so that the result does not depend on the file system; nothing if the folder cannot be read.
  std::optional<std::vector<fs::directory_entry>> entries_of(const fs::path& folder) {
    std::error_code code;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator it(folder, code); !code && it != fs::directory_iterator(); it.increment(code))
      entries.push_back(*it);
    if (code) {
      found_.problems.push_back(
          {folder.string(), "cannot be read: " + code.message(), "make the folder readable"});
      return std::nullopt;
    }
    std::sort(entries.begin(), entries.end());
    return entries;
  }

  FolderFiles found_;
  std::set<fs::path> entered_;
  std::deque<Place> links_;  // links to folders, entered after all folders that need no link
};

}  // namespace

FolderFiles walk_folder(const fs::path& folder) {
  std::error_code code;
  if (!fs::is_directory(folder, code))
    throw data_error(folder.string() + ": no such folder", "check the path");
  return Walk().take(folder);
}

}  // namespace belamy
