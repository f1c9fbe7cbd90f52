#include "core/markdown.h"

#include <string_view>

#include "core/text.h"

namespace belamy {
namespace {

std::string row_of(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const auto& cell : cells) row += " " + replaced(replaced(cell, "|", "\\|"), "\n", " ") + " |";
  return row + "\n";
}

}  // namespace

std::string markdown_text(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (std::string_view("\\`*<").find(c) != std::string_view::npos) safe += '\\';
    safe += c;
  }
  return safe;
}

std::string markdown_code(const std::string& text) {
  return "`" + text + "`";
}

std::string markdown_table(const std::vector<std::string>& header,
                           const std::vector<std::vector<std::string>>& rows) {
  auto table = row_of(header) + "|";
  for (std::size_t i = 0; i < header.size(); ++i) table += "---|";
  table += "\n";
  for (const auto& row : rows) table += row_of(row);
  return table;
}

}  // namespace belamy
