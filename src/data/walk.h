// Lists the files below a folder, for everything that reads folders of images.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy {

struct FolderFiles {
  std::vector<std::string> names;  ///< relative, '/' between folders, sorted; hidden files left out
  std::vector<std::string> empty;  ///< folders without files, if others have some; sorted
  std::vector<Problem> problems;   ///< folders that cannot be read, broken links
};

/// Follows links, but enters no folder twice: a folder that can also be reached without a link is listed at
/// its own place. A data error if there is no such folder.
FolderFiles walk_folder(const std::filesystem::path& folder);

}  // namespace belamy
