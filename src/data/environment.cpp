#include "data/environment.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace belamy {

const char* variable(const char* name) {
  const char* value = std::getenv(name);
  return value && *value ? value : nullptr;
}

std::vector<std::filesystem::path> folders_of_variable(const char* name) {
  const std::string list = variable(name) ? variable(name) : "";
  std::vector<std::filesystem::path> folders;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(':', at), list.size());
    if (end > at) folders.emplace_back(list.substr(at, end - at));
    at = end + 1;
  }
  return folders;
}

}  // namespace belamy
