#include "core/fields_json.h"

#include <nlohmann/json.hpp>

namespace belamy {

nlohmann::json fields_json(const Fields& fields) {
  auto list = nlohmann::json::array();
  const auto bound = [](const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json();
  };
  for (const auto& field : fields.all()) {
    list.push_back({{"key", field.key},
                    {"type", field.type},
                    {"range", field.range},
                    {"choices", field.choices},
                    {"low", bound(field.low)},
                    {"high", bound(field.high)},
                    {"unit", field.unit},
                    {"default", field.fallback},
                    {"value", field.get()},
                    {"help", field.help}});
  }
  return list;
}

}  // namespace belamy
