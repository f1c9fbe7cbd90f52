#include "data/csv.h"

#include <algorithm>
#include <fmt/format.h>

#include "belamy/error.h"

#include "core/text.h"

namespace belamy {
namespace {

// Reads a table cell by cell.
class CsvScanner {
 public:
  CsvScanner(std::string_view text, const std::string& title) : text_(text), title_(title) {
    if (text_.starts_with(kUtf8Mark)) text_.remove_prefix(kUtf8Mark.size());
  }

  bool at_end() const { return at_ == text_.size(); }

  CsvRow row() {
    CsvRow row{line_, {}};
    for (;;) {
      row.cells.push_back(cell());
      const char end = at_end() ? '\n' : text_[at_++];
      if (end == ',') continue;
      if (end == '\r' && !at_end() && text_[at_] == '\n') ++at_;
      ++line_;
      return row;
    }
  }

 private:
  std::string cell() {
    const auto blank = [&] { return !at_end() && (text_[at_] == ' ' || text_[at_] == '\t'); };
    while (blank()) ++at_;
    std::string quoted;
    const bool in_quotes = !at_end() && text_[at_] == '"';
    if (in_quotes) quoted = between_quotes();
    const auto end = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    const auto rest = trimmed(text_.substr(at_, end - at_));
    at_ = end;
    return in_quotes ? quoted + rest : rest;
  }

  std::string between_quotes() {
    const auto first = line_;
    std::string text;
    for (++at_; !at_end(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] == '"' && !text_.substr(at_ + 1).starts_with('"')) {
        ++at_;
        return text;
      }
      if (text_[at_] == '"') ++at_;
      text += text_[at_];
    }
    throw data_error(fmt::format("{}: line {}: a quote is not closed", title_, first),
                     "double each quote inside a cell, and close the cell with a quote");
  }

  std::string_view text_;
  const std::string& title_;
  std::size_t at_ = 0, line_ = 1;
};

}  // namespace

bool is_utf16(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
         text.find('\0') != std::string_view::npos;
}

std::vector<CsvRow> parse_csv(std::string_view text, const std::string& title) {
  std::vector<CsvRow> rows;
  for (CsvScanner scanner(text, title); !scanner.at_end();) {
    auto row = scanner.row();
    if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(',', at), text.size());
    parts.push_back(trimmed(text.substr(at, end - at)));
    at = end + 1;
  }
  return parts;
}

}  // namespace belamy
