// Markdown that the program writes: tables, and text with escaped special characters.
#pragma once

#include <string>
#include <vector>

namespace belamy {

/// The text with a backslash before what Markdown would read as emphasis, code or a tag.
std::string markdown_text(const std::string& text);
/// The text as code. It holds no backquote.
std::string markdown_code(const std::string& text);
/// A table. Cells are Markdown; a "|" or the end of a line in one does not end the cell. Each row has as many cells as
/// `header`.
std::string markdown_table(const std::vector<std::string>& header,
                           const std::vector<std::vector<std::string>>& rows);

}  // namespace belamy
