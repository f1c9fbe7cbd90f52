#include "core/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

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

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

std::string in_lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
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

std::string format_count(std::int64_t count) {
  std::string text = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t place = text.size(); place > first + 3;) {
    place -= 3;
    text.insert(place, ",");
  }
  return text;
}

std::string counted(std::int64_t count, std::string_view noun) {
  auto text = format_count(count) + " ";
  if (count == 1) return text.append(noun);
  const auto ends = [&](std::string_view end) { return noun.ends_with(end); };
  const bool vowel = ends("ay") || ends("ey") || ends("oy");
  if (ends("y") && !vowel) return text.append(noun.substr(0, noun.size() - 1)) + "ies";
  const bool hisses = ends("s") || ends("x") || ends("ch") || ends("sh");
  return text.append(noun) + (hisses ? "es" : "s");
}

std::string first_names(const std::vector<std::string>& names, std::size_t most) {
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(most, names.size()));
  return fmt::format("{}{}", fmt::join(names.begin(), end, ", "), names.size() > most ? ", ..." : "");
}

}  // namespace belamy
