#include "belamy/config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "belamy/error.h"

#include "core/fields_text.h"
#include "core/text.h"
#include "core/toml.h"

namespace belamy {
namespace {

constexpr std::size_t kLongestShown = 80;

/// User input in a message: a whole file given by mistake must not fill the screen.
std::string shortened(const std::string& text) {
  return text.size() <= kLongestShown ? text : text.substr(0, kLongestShown) + "...";
}

std::string last_part(const std::string& key) {
  return key.substr(key.rfind('.') + 1);
}

std::string table_of(const std::string& key) {
  const auto dot = key.rfind('.');
  return dot == std::string::npos ? "" : key.substr(0, dot);
}

/// "not 0.5", "not the text 'abc'": what was given instead.
std::string got(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return "the text '" + shortened(*text) + "'";
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  const bool list = value.index() > 3;
  return (list ? "the list " : "") + shortened(to_toml(value));
}

Error refused(const std::string& where, const std::string& key, const std::string& wanted,
              const std::string& given) {
  return usage_error(
      fmt::format("{}{} must be {}, not {}", where.empty() ? "" : where + ": ", key, wanted, given));
}

template <class T>
bool open_below(T low) {
  return low == std::numeric_limits<T>::lowest() || low == -std::numeric_limits<T>::infinity();
}
template <class T>
bool open_above(T high) {
  return high == std::numeric_limits<T>::max() || high == std::numeric_limits<T>::infinity();
}
// Integers have no infinity: numeric_limits gives 0 for it, which is an ordinary bound.
template <>
bool open_below(std::int64_t low) {
  return low == std::numeric_limits<std::int64_t>::min();
}
template <>
bool open_above(std::int64_t high) {
  return high == std::numeric_limits<std::int64_t>::max();
}

/// "1 .. 4096", ">= 1", "<= 4096" or nothing, for tables.
template <class T>
std::string range_text(Range<T> range) {
  if (open_below(range.low) && open_above(range.high)) return "";
  if (open_above(range.high)) return fmt::format(">= {}", range.low);
  if (open_below(range.low)) return fmt::format("<= {}", range.high);
  return fmt::format("{} .. {}", range.low, range.high);
}

template <class T>
void set_bounds(Fields::Field& field, Range<T> range) {
  if (!open_below(range.low)) field.low = static_cast<double>(range.low);
  if (!open_above(range.high)) field.high = static_cast<double>(range.high);
}

/// " from 1 to 4096", for sentences.
template <class T>
std::string range_words(Range<T> range) {
  if (open_below(range.low) && open_above(range.high)) return "";
  if (open_above(range.high)) return fmt::format(" of at least {}", range.low);
  if (open_below(range.low)) return fmt::format(" of at most {}", range.high);
  return fmt::format(" from {} to {}", range.low, range.high);
}

template <class T>
bool inside(T value, Range<T> range) {
  return value >= range.low && value <= range.high;  // false for not-a-number
}

std::optional<std::int64_t> as_integer(double number) {
  constexpr double limit = 9223372036854775808.0;  // 2^63, the first double that does not fit
  if (!(number >= -limit && number < limit) || number != std::trunc(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

/// The value as T, if it is a finite number that T can hold.
template <class T>
std::optional<T> scalar(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<T>(*integer);
  const auto* number = std::get_if<double>(&value);
  if (!number || !std::isfinite(*number)) return std::nullopt;
  if constexpr (std::is_same_v<T, double>) {
    return *number;
  } else {
    return as_integer(*number);
  }
}

template <class T>
std::optional<std::vector<T>> list(const Value& value) {
  std::vector<T> result;
  const auto append = [&](const auto& items) {
    for (const auto& item : items) {
      const auto converted = scalar<T>(Value(item));
      if (!converted) return false;
      result.push_back(*converted);
    }
    return true;
  };
  bool good = false;
  if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) good = append(*integers);
  if (const auto* numbers = std::get_if<std::vector<double>>(&value)) good = append(*numbers);
  if (!good) return std::nullopt;
  return result;
}

template <class T>
constexpr const char* kOne = std::is_same_v<T, double> ? "a number" : "an integer";
template <class T>
constexpr const char* kMany = std::is_same_v<T, double> ? "numbers" : "integers";

/// A default that its own field refuses could be written to a run but not read back.
void check_default(const Fields::Field& field, const Value& value) {
  try {
    field.set(value, "");
  } catch (const Error& error) {
    throw std::logic_error(std::string("default: ") + error.what());
  }
}

template <class T>
Fields::Field scalar_field(const std::string& key, T& target, Range<T> range, const std::string& help,
                           const std::string& unit) {
  Fields::Field field;
  field.key = key;
  field.type = std::is_same_v<T, double> ? "number" : "integer";
  field.range = range_text(range);
  set_bounds(field, range);
  field.unit = unit;
  field.help = help;
  field.set = [key, &target, range](const Value& value, const std::string& where) {
    const auto converted = scalar<T>(value);
    if (!converted || !inside(*converted, range)) {
      throw refused(where, key, kOne<T> + range_words(range), got(value));
    }
    target = *converted;
  };
  field.get = [&target] { return belamy::to_toml(Value(target)); };
  check_default(field, target);
  return field;
}

template <class T>
Fields::Field list_field(const std::string& key, std::vector<T>& target, Range<T> each,
                         const std::string& help) {
  Fields::Field field;
  field.key = key;
  field.type = std::string("list of ") + kMany<T>;
  field.range = range_text(each);
  set_bounds(field, each);
  field.help = help;
  field.set = [key, &target, each](const Value& value, const std::string& where) {
    auto converted = list<T>(value);
    if (!converted ||
        !std::all_of(converted->begin(), converted->end(), [&](T item) { return inside(item, each); })) {
      throw refused(where, key, std::string("a list of ") + kMany<T> + range_words(each), got(value));
    }
    target = std::move(*converted);
  };
  field.get = [&target] { return belamy::to_toml(Value(target)); };
  check_default(field, target);
  return field;
}

/// Whether the resolved copy of a run could be read back: TOML allows only UTF-8.
bool survives_toml(const std::string& text) {
  try {
    parse_toml("value = " + to_toml(Value(text)), "");
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// The value typed after --set KEY=: anything that TOML can read, numbers such as ".5", else plain text.
Value typed_value(const std::string& text) {
  try {
    const auto document = parse_toml("value = " + text, "");
    if (document.entries.size() == 1 && document.arrays.empty() && document.entries[0].key == "value") {
      return document.entries[0].value;
    }
  } catch (const Error&) {
    // Not TOML: plain text needs no quotes here.
  }
  double number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size()) return number;
  return text;
}

/// Edits (insert, delete, replace, swap neighbours) from a to b.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        now[j] = std::min(now[j], before[j - 2] + 1);
      }
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

/// The number of edits that still count as a mistake in a word of this length.
std::size_t near_edits(const std::string& word) {
  return std::max<std::size_t>(1, word.size() / 3);
}

/// The first of the known names that is fewest edits from `name`, whatever their case; empty if all need
/// more than `most`.
std::string nearest_within(const std::string& name, const std::vector<std::string>& known, std::size_t most) {
  std::string best;
  std::size_t fewest = most + 1;
  for (const auto& candidate : known) {
    const std::size_t longer = std::max(name.size(), candidate.size());
    if (longer - std::min(name.size(), candidate.size()) >= fewest) continue;
    const std::size_t edits = edit_distance(in_lower_case(name), in_lower_case(candidate));
    if (edits < fewest && edits < longer) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

std::string nearest(const std::string& name, const std::vector<std::string>& known) {
  return nearest_within(name, known, near_edits(name));
}

std::string suggestion(const std::string& name, const std::vector<std::string>& known) {
  const auto near = nearest(name, known);
  return near.empty() ? "" : "did you mean '" + near + "'? ";
}

void Fields::push(Field field) {
  for (const auto& other : fields_) {
    if (other.key == field.key || other.key.starts_with(field.key + ".") ||
        field.key.starts_with(other.key + ".")) {
      throw std::logic_error("setting '" + field.key + "' collides with '" + other.key + "'");
    }
  }
  field.fallback = field.get();
  fields_.push_back(std::move(field));
}

void Fields::add(const std::string& key, std::int64_t& target, Range<std::int64_t> range,
                 const std::string& help, const std::string& unit) {
  push(scalar_field(prefix_ + key, target, range, help, unit));
}

void Fields::add(const std::string& key, double& target, Range<double> range, const std::string& help,
                 const std::string& unit) {
  push(scalar_field(prefix_ + key, target, range, help, unit));
}

void Fields::add(const std::string& key, bool& target, const std::string& help) {
  Field field;
  field.key = prefix_ + key;
  field.type = "true or false";
  field.choices = {"true", "false"};
  field.help = help;
  field.set = [name = field.key, &target](const Value& value, const std::string& where) {
    const auto* truth = std::get_if<bool>(&value);
    if (!truth) throw refused(where, name, "true or false", got(value));
    target = *truth;
  };
  field.get = [&target] { return belamy::to_toml(Value(target)); };
  push(std::move(field));
}

void Fields::add(const std::string& key, std::string& target, const std::string& help) {
  Field field;
  field.key = prefix_ + key;
  field.type = "text";
  field.help = help;
  field.is_text = true;
  field.set = [name = field.key, &target](const Value& value, const std::string& where) {
    const auto* text = std::get_if<std::string>(&value);
    if (!text) throw refused(where, name, "text in quotes", got(value));
    if (!survives_toml(*text)) throw refused(where, name, "text in UTF-8", "other bytes");
    target = *text;
  };
  field.get = [&target] { return belamy::to_toml(Value(target)); };
  push(std::move(field));
}

void Fields::add(const std::string& key, std::string& target, const std::vector<std::string>& choices,
                 const std::string& help) {
  Field field;
  field.key = prefix_ + key;
  field.type = fmt::format("one of {}", fmt::join(choices, ", "));
  field.choices = choices;
  field.help = help;
  field.is_text = true;
  field.set = [name = field.key, type = field.type, &target, choices](const Value& value,
                                                                      const std::string& where) {
    const auto* text = std::get_if<std::string>(&value);
    if (!text) throw refused(where, name, type, got(value));
    if (std::find(choices.begin(), choices.end(), *text) == choices.end()) {
      const auto near = nearest(*text, choices);
      const auto question = near.empty() ? "" : " (did you mean '" + near + "'?)";
      throw refused(where, name, type, "'" + shortened(*text) + "'" + question);
    }
    target = *text;
  };
  field.get = [&target] { return belamy::to_toml(Value(target)); };
  check_default(field, target);
  push(std::move(field));
}

void Fields::add(const std::string& key, std::vector<std::int64_t>& target, Range<std::int64_t> each,
                 const std::string& help) {
  push(list_field(prefix_ + key, target, each, help));
}

void Fields::add(const std::string& key, std::vector<double>& target, Range<double> each,
                 const std::string& help) {
  push(list_field(prefix_ + key, target, each, help));
}

void Fields::add(const std::string& key, std::vector<std::string>& target, const std::string& help) {
  Field field;
  field.key = prefix_ + key;
  field.type = "list of texts";
  field.help = help;
  field.set = [name = field.key, &target](const Value& value, const std::string& where) {
    std::vector<std::string> texts;
    const auto* text = std::get_if<std::string>(&value);
    const auto* whole = std::get_if<std::int64_t>(&value);
    if (text) {
      texts = {*text};
    } else if (whole) {
      texts = {std::to_string(*whole)};
    } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
      texts = *list;
    } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&value)) {
      for (const auto each : *integers) texts.push_back(std::to_string(each));
    } else {
      throw refused(where, name, "a list of texts", got(value));
    }
    if (!std::all_of(texts.begin(), texts.end(), survives_toml))
      throw refused(where, name, "texts in UTF-8", "other bytes");
    target = std::move(texts);
  };
  field.get = [&target] { return belamy::to_toml(Value(target)); };
  push(std::move(field));
}

void Fields::group(const std::string& prefix, const std::function<void(Fields&)>& inside) {
  const std::string outer = prefix_;
  prefix_ += prefix + ".";
  inside(*this);
  prefix_ = outer;
}

const Fields::Field* Fields::find(const std::string& key) const {
  for (const auto& field : fields_) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

const Fields::Field& Fields::lookup(const std::string& key, const Origin& origin) const {
  if (const auto* exact = find(key)) return *exact;
  std::vector<const Field*> matches;
  std::vector<std::string> names;
  for (const auto& field : fields_) {
    if (field.key.ends_with("." + key)) {
      matches.push_back(&field);
      names.push_back(field.key);
    }
  }
  if (matches.size() == 1) return *matches[0];
  // A model's own setting comes before settings of that name which every run has: `width` is model.width.
  for (const auto* match : matches) {
    if (match->key == "model." + key) return *match;
  }
  const std::string where = origin.text.empty() ? "" : origin.text + ": ";
  if (matches.size() > 1) {
    throw usage_error(
        fmt::format("{}'{}' can mean several settings: {}", where, shortened(key), fmt::join(names, ", ")),
        "write the whole key");
  }

  // Look in the named table first. Else compare the last part first ("widht", or "train.width" for
  // "model.width"). Where whole keys are compared ("model.encoder_depth"), a long common table must not allow
  // more edits, or "init" would be near "widht".
  const auto table = key.substr(0, key.size() - last_part(key).size());
  std::vector<std::string> keys, parts, beside;
  for (const auto& field : fields_) {
    keys.push_back(field.key);
    parts.push_back(last_part(field.key));
    if (!table.empty() && field.key == table + parts.back()) beside.push_back(parts.back());
  }
  auto near = nearest_within(key, keys, near_edits(last_part(key)));
  if (const auto part = nearest(last_part(key), beside); !part.empty()) {
    near = table + part;
  } else if (const auto anywhere = nearest(last_part(key), parts); !anywhere.empty()) {
    std::erase_if(keys, [&](const std::string& known) { return last_part(known) != anywhere; });
    near = nearest(key, keys);
    if (near.empty()) near = keys.front();
  }
  throw usage_error(fmt::format("{}unknown setting '{}'", where, shortened(key)),
                    (near.empty() ? "" : "did you mean '" + near + "'? ") +
                        "'belamy models NAME' and 'belamy lab NAME --dry-run' list all settings");
}

void Fields::set(const std::string& key, const Value& value, const Origin& origin) {
  lookup(key, origin).set(value, origin.text);
}

void Fields::set_text(const std::string& assignment) {
  const auto equals = assignment.find('=');
  const Origin origin{"--set " + shortened(assignment)};
  if (equals == std::string::npos) {
    throw usage_error(origin.text + ": no '=' in it",
                      "write --set KEY=VALUE, for example --set train.batch=64");
  }
  const auto& field = lookup(trimmed(assignment.substr(0, equals)), origin);
  const auto text = trimmed(assignment.substr(equals + 1));
  const bool quoted = text.starts_with('"') || text.starts_with('\'');
  field.set(field.is_text && !quoted ? Value(text) : typed_value(text), origin.text);
}

std::string Fields::to_toml(bool only_changed) const {
  // Fields of one table may have been added apart, but TOML allows each table only once: tables come in the
  // order of their first field, after the keys without a table.
  std::vector<std::pair<std::string, std::string>> tables = {{"", ""}};
  for (const auto& field : fields_) {
    const auto value = field.get();
    if (only_changed && value == field.fallback) continue;
    const auto name = table_of(field.key);
    auto table = std::find_if(tables.begin(), tables.end(), [&](const auto& t) { return t.first == name; });
    if (table == tables.end()) table = tables.insert(tables.end(), {name, ""});
    table->second += fmt::format("{} = {}\n", last_part(field.key), value);
  }
  std::string text;
  for (const auto& [name, lines] : tables) {
    if (lines.empty()) continue;
    if (!text.empty()) text += "\n";
    if (!name.empty()) text += "[" + name + "]\n";
    text += lines;
  }
  return text;
}

std::string Fields::help() const {
  std::size_t key_width = 0, value_width = 0, allowed_width = 0;
  // A long list of choices must not widen the column of all lines: it runs over.
  constexpr std::size_t widest = 28;
  for (const auto& field : fields_) {
    key_width = std::max(key_width, field.key.size());
    value_width = std::max(value_width, std::min(widest, field.get().size()));
    allowed_width = std::max(allowed_width, std::min(widest, allowed_values(field).size()));
  }
  std::string text;
  for (const auto& field : fields_) {
    text += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {}\n", field.key, key_width, field.get(), value_width,
                        allowed_values(field), allowed_width, field.help);
  }
  return text;
}

}  // namespace belamy
