#include "core/foreign_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace belamy {

std::string harmless(const std::string& text, std::size_t longest) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  auto shown =
      plain ? text : nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (shown.size() > longest) shown.replace(longest, std::string::npos, "...");
  return shown;
}

}  // namespace belamy
