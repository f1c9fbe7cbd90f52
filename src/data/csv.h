// Tables as text with commas between the cells.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// What some programs put before text in UTF-8.
inline constexpr std::string_view kUtf8Mark = "\xef\xbb\xbf";

/// A row of a table.
struct CsvRow {
  std::size_t line = 0;            ///< in the file, counted from 1, of its first character
  std::vector<std::string> cells;  ///< without quotes and without spaces around them
};

/// The rows of a table (RFC 4180): cells in double quotes may hold commas, line ends and doubled quotes.
/// Empty lines and the mark of UTF-8 at the start are left out. A data error that names `title` and the line
/// where a quoted cell is not closed.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& title);

/// A finite number that fills the whole cell.
std::optional<float> number_in(std::string_view cell);

/// The parts of a text between commas, without spaces around them.
std::vector<std::string> split_at_commas(std::string_view text);

}  // namespace belamy
