// Tables as text with comma-separated cells.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// The byte order mark that some programs write before text in UTF-8.
inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

/// Whether a text is in UTF-16 rather than UTF-8: it begins with that mark, or holds zero bytes.
bool is_utf16(std::string_view text);

/// A row of a table.
struct CsvRow {
  std::size_t line = 0;            ///< line of its first character in the file, counted from 1
  std::vector<std::string> cells;  ///< without quotes and without spaces around them
};

/// The rows of a table (RFC 4180): cells in double quotes may hold commas, line ends and doubled quotes. A line
/// ends with "\n", "\r\n" or "\r".
/// Empty lines and kUtf8Mark at the start are left out. A data error names `title` and the line of a quoted
/// cell that is not closed.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& title);

/// The parts of a text between commas, without spaces around them.
std::vector<std::string> split_at_commas(std::string_view text);

}  // namespace belamy
