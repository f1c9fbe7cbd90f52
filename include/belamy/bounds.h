// What a measured value has to be. Expectations of recipes, claims of labs and passes of the scoreboard all say it
// so: `min`, `max` or both, or `near` with either `tolerance` or `relative`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace belamy {

struct TomlEntry;

struct Bounds {
  std::optional<double> min, max;
  std::optional<double> near;
  std::optional<double> tolerance;  ///< in the value's unit, or
  std::optional<double> relative;   ///< as a share of `near`

  /// Never for a value that is not finite.
  bool hold(double measured) const;
  /// "at least 23", "1 to 2", "0.159110 ± 1e-06".
  std::string text() const;
  /// A measured value with the digits that the tolerance asks for.
  std::string show(double measured) const;
  bool empty() const { return !min && !max && !near && !tolerance && !relative; }
  /// Whether they are one of the forms above.
  bool complete() const;

  static const std::vector<std::string>& keys();
  static constexpr const char* kForm = "min, max or both, or near with either tolerance or relative";
  /// Takes one key. False where it is none of `keys()`; a usage error for what is not a number.
  bool take(const std::string& key, const TomlEntry& entry);
  /// (key, value) of those that are set, in the order of `keys()`.
  std::vector<std::pair<std::string, double>> set() const;
};

}  // namespace belamy
