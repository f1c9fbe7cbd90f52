// TOML read into a flat list of settings, each with the place it comes from.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belamy/config.h"

namespace belamy {

/// One `key = value`, its key dotted through the tables around it ("model.width").
struct TomlEntry {
  std::string key;
  Value value;
  Origin origin;  ///< "recipes/gan/gan-mnist.toml, line 7"
};

/// A document in the order of its lines. Arrays of tables ([[stage]]) are kept apart: each element is a
/// document whose keys are relative to it and whose lines are counted in the whole file.
struct TomlDocument {
  std::vector<TomlEntry> entries;
  std::vector<std::pair<std::string, std::vector<TomlDocument>>> arrays;
  std::string origin;  ///< the file, and for an element of an array the line too
};

/// Usage errors: bad syntax (file, line, reason), and dates and mixed arrays, which no setting takes.
TomlDocument parse_toml(std::string_view text, const std::string& name);

/// One value as TOML text. Strings are quoted and escaped; doubles have a point or an exponent, and read
/// back exactly.
std::string to_toml(const Value& value);

}  // namespace belamy
