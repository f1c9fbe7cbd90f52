// The rows of the scoreboard that the program knows, and the results that are kept of them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "report/reproduction.h"

namespace belamy {

/// The embedded rows of reproduce/, by number.
std::vector<ReproductionRow> all_rows();
/// A row by name, or from a TOML file. A usage error that suggests the nearest name for an unknown one.
ReproductionRow find_row(const std::string& name);

/// The name of a row's result in the folder of the results.
std::string result_file(const ReproductionRow& row);
/// The result in the folder, judged by the row as it is now; nothing if there is none.
std::optional<ReproductionResult> kept_result(const std::filesystem::path& results,
                                              const ReproductionRow& row);

}  // namespace belamy
