#include "report/page.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <stdexcept>

#include "core/version.h"
#include "embedded.h"

namespace belamy {

std::string fill_template(std::string_view text, const mustache::data& values,
                          const std::function<std::string(const std::string&)>& escape) {
  mustache::mustache filled{std::string(text)};
  filled.set_custom_escape(escape);
  auto out = filled.render(values);
  if (!filled.is_valid()) throw std::logic_error("a template is damaged: " + filled.error_message());
  return out;
}

std::string render_page(std::string_view content, mustache::data values) {
  values["content"] = std::string(content);
  values["links.html"] = std::string(embedded_links_html);
  values["version"] = version();
  values["commit"] = commit();
  return fill_template(embedded_page_html, values);
}

mustache::data script(std::string_view code) {
  return {"code", std::string(code)};
}

mustache::data script(const std::string& id, const nlohmann::ordered_json& json) {
  const auto text =
      json.dump(-1, ' ', /*ensure_ascii=*/true, nlohmann::ordered_json::error_handler_t::replace);
  // Inside a script element only '<' could end or bend it.
  std::string code;
  for (const char c : text) c == '<' ? code += "\\u003c" : code += c;
  mustache::data made{"code", code};
  made["json_id"] = id;
  return made;
}

mustache::list links_in(std::string_view text) {
  mustache::list links;
  while (!text.empty()) {
    const auto start = std::min({text.find("https://"), text.find("http://"), text.size()});
    mustache::data link{"text", std::string(text.substr(0, start))};
    text.remove_prefix(start);
    auto address = text.substr(0, text.find_first_of(" \t\n<>\""));
    while (!address.empty() && std::string_view(".,;:)").find(address.back()) != std::string_view::npos)
      address.remove_suffix(1);
    if (!address.empty()) link["address"] = std::string(address);
    text.remove_prefix(address.size());
    links.push_back(link);
  }
  return links;
}

nlohmann::ordered_json short_number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return nlohmann::ordered_json::parse(fmt::format("{:.6g}", value));
}

}  // namespace belamy
