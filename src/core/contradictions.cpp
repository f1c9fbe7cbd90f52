#include "core/contradictions.h"

#include <fmt/format.h>

#include "belamy/error.h"

#include "core/text.h"

namespace belamy {
namespace {

// The field that `Fields::set_text` chooses for a key that it knows.
const Fields::Field* field_of(const Fields& fields, const std::string& key) {
  if (const auto* exact = fields.find(key)) return exact;
  for (const auto& field : fields.all()) {
    if (field.key.ends_with("." + key)) return &field;
  }
  return nullptr;
}

}  // namespace

void refuse_contradictions(const Fields& fields, const std::vector<std::string>& settings,
                           const std::map<std::string, std::string>& typed) {
  const auto shown = [&](const std::string& setting) {
    const auto found = typed.find(setting);
    return found == typed.end() ? "--set " + setting : found->second;
  };
  std::map<std::string, std::string> first;  // by key: the first setting of it
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    const auto* field = field_of(fields, trimmed(setting.substr(0, equals)));
    if (!field) continue;
    const auto& other = first.emplace(field->key, setting).first->second;
    if (trimmed(other.substr(other.find('=') + 1)) == trimmed(setting.substr(equals + 1))) continue;
    throw usage_error(fmt::format("'{}' and '{}' contradict each other", shown(other), shown(setting)),
                      fmt::format("both set {}; give one of them", field->key));
  }
}

}  // namespace belamy
