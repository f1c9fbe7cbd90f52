// Text in columns for a terminal.
#pragma once

#include <string>
#include <vector>

namespace belamy {

/// Rows with the same number of cells; each column is as wide as its widest cell. The last cell of a row is
/// wrapped between words if the line would be longer than `width` characters, and continues below its start.
/// Lines have no blanks at their ends.
std::string in_columns(const std::vector<std::vector<std::string>>& rows, std::size_t width = 100);

}  // namespace belamy
