// Reads a table of a TOML document key by key: types, bounds, and keys that nobody knows.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "belamy/config.h"
#include "belamy/error.h"

#include "core/toml.h"

namespace belamy {

/// A target keeps its value if its key is missing. All functions throw usage errors that name the place in
/// the file. Types and bounds are those of Fields.
class TomlTable {
 public:
  /// `what` names the table in messages: "a [[claim]]". The document must live as long as the table.
  TomlTable(const TomlDocument& document, std::string what);

  void text(const std::string& key, std::string& target);
  void text(const std::string& key, std::string& target, const std::vector<std::string>& choices);
  void texts(const std::string& key, std::vector<std::string>& target);
  void truth(const std::string& key, bool& target);
  void number(const std::string& key, double& target);
  void number(const std::string& key, std::optional<double>& target);
  void integer(const std::string& key, std::int64_t& target, Range<std::int64_t> range);
  /// A value of any type.
  void value(const std::string& key, std::optional<Value>& target);

  /// The entries whose keys begin with `prefix`, for Fields; `shown` names them in messages.
  std::vector<TomlEntry> beginning(const std::string& prefix, const std::string& shown);
  /// The entries that nothing has read so far, for Fields.
  std::vector<TomlEntry> others();
  /// The tables below [key] by name, in the order of the file. Their keys are relative to them.
  std::vector<std::pair<std::string, TomlDocument>> tables(const std::string& key);
  /// The tables [[key]].
  std::vector<TomlDocument> list(const std::string& key);

  /// Call it last: an error for a key or a table that nothing has read, with the nearest one.
  void finish() const;
  /// "FILE, line 7: 'KEY' must be WANTED", for a condition that the functions above do not know.
  Error refused(const std::string& key, const std::string& wanted) const;

 private:
  const TomlEntry* find(const std::string& key);
  template <class T, class... More>
  bool read(const std::string& key, T& target, const More&... more);

  const TomlDocument& document_;
  std::string what_;
  std::vector<std::string> known_;  // as messages show them
  std::vector<bool> used_;          // by entry
  std::vector<std::string> lists_;  // of the tables [[...]] that were asked for
};

}  // namespace belamy
