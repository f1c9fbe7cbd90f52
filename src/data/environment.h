// Environment variables that name folders.
#pragma once

#include <filesystem>
#include <vector>

namespace belamy {

/// The value of an environment variable; null if it is unset or empty.
const char* variable(const char* name);
/// The folders in a variable that lists them as PATH does ("A:B"); empty entries are left out.
std::vector<std::filesystem::path> folders_of_variable(const char* name);

}  // namespace belamy
