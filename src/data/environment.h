// Environment variables that name folders.
#pragma once

#include <filesystem>
#include <vector>

namespace belamy {

/// Its value; null where it is not set or empty.
const char* variable(const char* name);
/// The folders of a variable that lists them as PATH does ("A:B"); empty ones are left out.
std::vector<std::filesystem::path> folders_of_variable(const char* name);

}  // namespace belamy
