// The files below a folder, and what their names say: one walk for everything that reads folders of images.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy {

struct FolderFiles {
  std::vector<std::string> names;  ///< relative, '/' between folders, sorted; hidden files left out
  std::vector<Problem> problems;   ///< folders that cannot be read, links that lead nowhere
};

/// Links are followed, but no folder is entered twice: one that can also be reached without a link has the
/// name of its own place. A data error when there is no such folder.
FolderFiles walk_folder(const std::filesystem::path& folder);

std::string lower(std::string text);
/// The folders and the file of a name, without "." and a leading "/".
std::vector<std::string> split_path(const std::string& name);
/// Whether the name ends with one of the endings, in small or capital letters.
bool ends_with_any(const std::string& name, const std::vector<std::string>& endings);

bool is_hidden(const std::string& name);
bool is_image_name(const std::string& name);
/// Files that lie beside images in good data sets; all others that are no images are worth a word.
bool is_company(const std::string& name);

}  // namespace belamy
