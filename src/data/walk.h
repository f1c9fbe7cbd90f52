// The files below a folder: one walk for everything that reads folders of images.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy {

struct FolderFiles {
  std::vector<std::string> names;  ///< relative, '/' between folders, sorted; hidden files left out
  std::vector<std::string> empty;  ///< folders without a file, beside others that have some; sorted
  std::vector<Problem> problems;   ///< folders that cannot be read, links that lead nowhere
};

/// Links are followed, but no folder is entered twice: one that can also be reached without a link has the
/// name of its own place. A data error when there is no such folder.
FolderFiles walk_folder(const std::filesystem::path& folder);

}  // namespace belamy
