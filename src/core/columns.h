// Text in columns for a terminal.
#pragma once

#include <string>
#include <vector>

namespace belamy {

/// Rows of equally many cells, each column as wide as its widest cell. The last cell of a row is wrapped between
/// words where the line would be longer than `width` characters, and goes on below its own beginning. A line each,
/// no blanks at their ends.
std::string in_columns(const std::vector<std::vector<std::string>>& rows, std::size_t width = 100);

}  // namespace belamy
