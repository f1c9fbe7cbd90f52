#include "core/shell.h"

#include <algorithm>
#include <string_view>

namespace belamy {
namespace {

// Whether no shell gives the character a meaning.
bool is_plain(char c) {
  constexpr std::string_view marks = "_-./,:=+@%";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}

}  // namespace

std::string shell_word(const std::string& word) {
  if (word.starts_with('-')) return shell_word("./" + word);
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

}  // namespace belamy
