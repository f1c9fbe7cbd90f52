#include "data/attributes.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "belamy/error.h"

#include "core/text.h"
#include "data/csv.h"

namespace belamy {

std::vector<std::size_t> attribute_places(const std::vector<std::string>& asked,
                                          const std::vector<std::string>& names, const std::string& source) {
  std::vector<std::size_t> places;
  for (const auto& text : asked) {
    if (names.empty()) throw data_error(source + ": has no attributes", "leave data.attributes empty");
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
      throw data_error(fmt::format("{}: no attribute is called '{}'", source, text),
                       fmt::format("{}choose from its {}: {}", suggestion(text, names),
                                   counted(names.size(), "attribute"), fmt::join(names, ", ")));
    }
    const auto place = static_cast<std::size_t>(found - names.begin());
    if (std::find(places.begin(), places.end(), place) != places.end())
      throw usage_error(fmt::format("the attribute '{}' is named twice", text), "name it once");
    places.push_back(place);
  }
  return places;
}

std::vector<float> asked_attributes(const std::string& text, const std::vector<std::string>& names,
                                    const std::string& source) {
  std::vector<float> row(names.size(), NAN);
  for (const auto& part : split_at_commas(text)) {
    const auto at = part.find('=');
    const auto value = at == std::string::npos ? std::nullopt : number_in<float>(part.substr(at + 1));
    if (!value)
      throw usage_error(fmt::format("'{}' is not of the form NAME=NUMBER", part),
                        "write attributes as in bold=1,italic=0");
    const auto name = part.substr(0, at);
    auto& wanted = row[attribute_places({name}, names, source)[0]];
    if (!std::isnan(wanted))
      throw usage_error(fmt::format("the attribute '{}' is named twice", name), "name it once");
    wanted = *value;
  }
  return row;
}

std::vector<std::string> shares_of(const std::vector<std::string>& names, const std::vector<float>& rows) {
  std::vector<std::string> shares;
  for (std::size_t a = 0; a < names.size() && !rows.empty(); ++a) {
    bool two_values = true;
    double sum = 0;
    float low = rows[a], high = rows[a];
    for (std::size_t i = a; i < rows.size(); i += names.size()) {
      two_values = two_values && (rows[i] == 0 || rows[i] == 1);
      sum += rows[i];
      low = std::min(low, rows[i]);
      high = std::max(high, rows[i]);
    }
    const double mean = sum / (static_cast<double>(rows.size()) / static_cast<double>(names.size()));
    shares.push_back(two_values ? fmt::format("{:.1f} %", 100 * mean)
                                : fmt::format("mean {:.4g}, {:g} to {:g}", mean, low, high));
  }
  return shares;
}

bool is_attribute_name(std::string_view name) {
  return !name.empty() && name.find_first_of(",=\n") == std::string_view::npos;
}

}  // namespace belamy
