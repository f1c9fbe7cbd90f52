#include "core/text.h"

#include <algorithm>

namespace belamy {
namespace {

// Whether a byte begins a character: continuation bytes of UTF-8 do not.
bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

}  // namespace

std::string trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(space) - first + 1));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string_view first_characters(std::string_view text, std::size_t limit) {
  std::size_t end = 0;
  for (std::size_t used = 0; end < text.size(); ++end) {
    if (begins_character(text[end]) && ++used > limit) break;
  }
  return text.substr(0, end);
}

}  // namespace belamy
