// Names and texts of foreign files, made safe for a terminal.
#pragma once

#include <cstddef>
#include <string>

namespace belamy {

/// The text as it is, or, where it holds control characters, as a JSON string with escapes; at most `longest` bytes and "...".
std::string harmless(const std::string& text, std::size_t longest = 300);

}  // namespace belamy
