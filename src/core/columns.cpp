#include "core/columns.h"

#include <algorithm>

#include "core/text.h"

namespace belamy {
namespace {

constexpr std::size_t kBetween = 2;  // blanks between two columns
constexpr std::size_t kLeast = 20;   // least width of the last column, however wide the others are

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines = {""};
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    const auto word = text.substr(at, end - at);
    at = end + 1;
    auto& line = lines.back();
    if (line.empty()) {
      line = word;
    } else if (characters(line) + 1 + characters(word) <= width) {
      line += " " + word;
    } else {
      lines.push_back(word);
    }
  }
  return lines;
}

}  // namespace

std::string in_columns(const std::vector<std::vector<std::string>>& rows, std::size_t width) {
  if (rows.empty()) return "";
  const auto last = rows[0].size() - 1;
  std::vector<std::size_t> widths(last, 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < last; ++i) widths[i] = std::max(widths[i], characters(row[i]));
  }
  std::size_t before = 0;
  for (const auto w : widths) before += w + kBetween;
  const auto left = std::max(kLeast, width > before ? width - before : 0);
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < last; ++i)
      line += row[i] + std::string(widths[i] + kBetween - characters(row[i]), ' ');
    for (const auto& piece : wrapped(row[last], left)) {
      line += piece;
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
      line.assign(before, ' ');
    }
  }
  return text;
}

}  // namespace belamy
