// The rows of the scoreboard that the program knows, and their stored results.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/reproduction.h"

namespace belamy {

/// The embedded rows of reproduce/, by number.
std::vector<ReproductionRow> all_rows();
/// A row by name, or from a TOML file. An unknown name is a usage error, which suggests the nearest one.
ReproductionRow find_row(const std::string& name);

/// The file name of a row's result in the folder of results.
std::string result_file(const ReproductionRow& row);
/// The result of the row in the folder, judged by the conditions that the row has now; nothing if there is
/// none.
std::optional<ReproductionResult> kept_result(const std::filesystem::path& results,
                                              const ReproductionRow& row);

}  // namespace belamy
