#include "core/toml.h"

#include <algorithm>
#include <fmt/format.h>
#include <toml++/toml.h>

#include "belamy/error.h"

namespace belamy {
namespace {

/// "recipes/a.toml, line 7".
std::string place(const std::string& name, const toml::source_position& position) {
  return fmt::format("{}, line {}", name, position.line);
}

Error no_setting_takes(const std::string& where, const std::string& key, const std::string& what) {
  return usage_error(fmt::format("{}: '{}' is {}, which no setting takes", where, key, what));
}

template <class T>
bool all_are(const toml::array& array) {
  return std::all_of(array.begin(), array.end(), [](const toml::node& node) { return node.is<T>(); });
}

template <class T>
std::vector<T> items(const toml::array& array) {
  std::vector<T> result;
  result.reserve(array.size());
  for (const auto& node : array) result.push_back(*node.value<T>());  // integers become doubles here
  return result;
}

Value list_value(const toml::array& array, const std::string& where, const std::string& key) {
  if (all_are<std::int64_t>(array)) return items<std::int64_t>(array);
  if (std::all_of(array.begin(), array.end(), [](const toml::node& node) { return node.is_number(); })) {
    return items<double>(array);
  }
  if (all_are<std::string>(array)) return items<std::string>(array);
  throw no_setting_takes(where, key, "a list that is neither of numbers only nor of texts only");
}

/// A node with its key and place: toml++ sorts tables by key, but the document is in the order of lines.
struct Found {
  std::string key;
  const toml::node* node;
  toml::source_position position;
};

void collect(const toml::table& table, const std::string& prefix, std::vector<Found>& found) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      collect(*inner, key + ".", found);
    } else {
      found.push_back({key, &node, name.source().begin});
    }
  }
}

TomlDocument document_of(const toml::table& table, const std::string& name) {
  std::vector<Found> found;
  collect(table, "", found);
  std::stable_sort(found.begin(), found.end(),
                   [](const Found& a, const Found& b) { return a.position < b.position; });
  TomlDocument document{{}, {}, name};
  for (const auto& [key, node, position] : found) {
    const auto where = place(name, position);
    const auto* array = node->as_array();
    if (array && !array->empty() && all_are<toml::table>(*array)) {
      std::vector<TomlDocument> elements;
      for (const auto& element : *array) {
        elements.push_back(document_of(*element.as_table(), name));
        elements.back().origin = place(name, element.source().begin);
      }
      document.arrays.emplace_back(key, std::move(elements));
    } else if (array) {
      document.entries.push_back({key, list_value(*array, where, key), {where}});
    } else if (const auto* truth = node->as_boolean()) {
      document.entries.push_back({key, truth->get(), {where}});
    } else if (const auto* integer = node->as_integer()) {
      document.entries.push_back({key, integer->get(), {where}});
    } else if (const auto* number = node->as_floating_point()) {
      document.entries.push_back({key, number->get(), {where}});
    } else if (const auto* text = node->as_string()) {
      document.entries.push_back({key, text->get(), {where}});
    } else {
      throw no_setting_takes(where, key, "a date or a time");
    }
  }
  return document;
}

std::string text_of(bool value) {
  return value ? "true" : "false";
}

std::string text_of(std::int64_t value) {
  return std::to_string(value);
}

std::string text_of(double value) {
  std::string text = fmt::format("{}", value);  // the shortest text that reads back exactly
  // TOML reads "1" as an integer; "inf" and "nan" are whole words of TOML already.
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string text_of(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      text += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text + '"';
}

template <class T>
std::string text_of(const std::vector<T>& values) {
  std::string text = "[";
  for (const auto& value : values) {
    if (text.size() > 1) text += ", ";
    text += text_of(value);
  }
  return text + "]";
}

}  // namespace

TomlDocument parse_toml(std::string_view text, const std::string& name) {
  toml::table table;
  try {
    table = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw usage_error(
        fmt::format("{}: {}", place(name, error.source().begin), error.description()),
        "write a setting as KEY = VALUE: text in double quotes, numbers between -1.7e308 and 1.7e308");
  }
  return document_of(table, name);
}

std::string to_toml(const Value& value) {
  return std::visit([](const auto& held) { return text_of(held); }, value);
}

}  // namespace belamy
