#include "core/toml_table.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string_view>

namespace belamy {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Error unknown_name(const std::string& where, const std::string& what, const std::string& name,
                   const std::vector<std::string>& known) {
  return usage_error(fmt::format("{}: unknown {}", where, what),
                     suggestion(name, known) + fmt::format("known are {}", fmt::join(known, ", ")));
}

}  // namespace

TomlTable::TomlTable(const TomlDocument& document, std::string what)
    : document_(document), what_(std::move(what)), used_(document.entries.size(), false) {}

const TomlEntry* TomlTable::find(const std::string& key) {
  known_.push_back(key);
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (document_.entries[i].key != key) continue;
    used_[i] = true;
    return &document_.entries[i];
  }
  return nullptr;
}

// `target` holds a value that is allowed; Fields checks what the file gives.
template <class T, class... More>
bool TomlTable::read(const std::string& key, T& target, const More&... more) {
  const auto* entry = find(key);
  if (!entry) return false;
  Fields one;
  one.add(key, target, more..., "");
  one.set(key, entry->value, entry->origin);
  return true;
}

void TomlTable::text(const std::string& key, std::string& target) {
  read(key, target);
}

void TomlTable::text(const std::string& key, std::string& target, const std::vector<std::string>& choices) {
  auto chosen = choices.front();
  if (read(key, chosen, choices)) target = chosen;
}

void TomlTable::texts(const std::string& key, std::vector<std::string>& target) {
  read(key, target);
}

void TomlTable::truth(const std::string& key, bool& target) {
  read(key, target);
}

void TomlTable::number(const std::string& key, double& target) {
  std::optional<double> found;
  number(key, found);
  if (found) target = *found;
}

void TomlTable::number(const std::string& key, std::optional<double>& target) {
  double found = 0;
  if (read(key, found, Range<double>{-kInfinity, kInfinity})) target = found;
}

void TomlTable::integer(const std::string& key, std::int64_t& target, Range<std::int64_t> range) {
  auto found = range.low;
  if (read(key, found, range)) target = found;
}

void TomlTable::value(const std::string& key, std::optional<Value>& target) {
  if (const auto* entry = find(key)) target = entry->value;
}

std::vector<TomlEntry> TomlTable::beginning(const std::string& prefix, const std::string& shown) {
  known_.push_back(shown);
  std::vector<TomlEntry> found;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (used_[i] || !document_.entries[i].key.starts_with(prefix)) continue;
    used_[i] = true;
    found.push_back(document_.entries[i]);
  }
  return found;
}

std::vector<TomlEntry> TomlTable::others() {
  std::vector<TomlEntry> found;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!used_[i]) found.push_back(document_.entries[i]);
    used_[i] = true;
  }
  return found;
}

std::vector<std::pair<std::string, TomlDocument>> TomlTable::tables(const std::string& key) {
  known_.push_back("[" + key + "]");
  const auto prefix = key + ".";
  std::vector<std::pair<std::string, TomlDocument>> found;
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const auto& entry = document_.entries[i];
    const auto dot = entry.key.rfind('.');
    if (used_[i] || !entry.key.starts_with(prefix) || dot < prefix.size()) continue;
    used_[i] = true;
    const auto name = entry.key.substr(prefix.size(), dot - prefix.size());
    auto table =
        std::find_if(found.begin(), found.end(), [&](const auto& other) { return other.first == name; });
    if (table == found.end())
      table = found.insert(found.end(), {name, TomlDocument{{}, {}, entry.origin.text}});
    table->second.entries.push_back({entry.key.substr(dot + 1), entry.value, entry.origin});
  }
  return found;
}

std::vector<TomlDocument> TomlTable::list(const std::string& key) {
  lists_.push_back(key);
  for (const auto& [name, documents] : document_.arrays) {
    if (name == key) return documents;
  }
  return {};
}

void TomlTable::finish() const {
  for (std::size_t i = 0; i < used_.size(); ++i) {
    const auto& entry = document_.entries[i];
    if (!used_[i])
      throw unknown_name(entry.origin.text, fmt::format("key '{}' in {}", entry.key, what_), entry.key,
                         known_);
  }
  for (const auto& [name, documents] : document_.arrays) {
    if (std::find(lists_.begin(), lists_.end(), name) != lists_.end()) continue;
    std::vector<std::string> known;
    for (const auto& each : lists_) known.push_back("[[" + each + "]]");
    if (known.empty()) known.emplace_back("no tables");
    throw unknown_name(documents.front().origin, fmt::format("table [[{}]] in {}", name, what_),
                       "[[" + name + "]]", known);
  }
}

Error TomlTable::refused(const std::string& key, const std::string& wanted) const {
  for (const auto& entry : document_.entries) {
    if (entry.key == key)
      return usage_error(fmt::format("{}: '{}' must be {}", entry.origin.text, key, wanted));
  }
  return usage_error(
      fmt::format("{}: '{}' is missing in {}; it must be {}", document_.origin, key, what_, wanted));
}

}  // namespace belamy
