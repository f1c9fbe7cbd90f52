// Bounds of a measured value, in expectations of recipes, claims of labs and rows of the scoreboard: `min`,
// `max` or both, or `near` with either `tolerance` or `relative`.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace belamy {

class TomlTable;

struct Bounds {
  std::optional<double> min, max;
  std::optional<double> near;
  std::optional<double> tolerance;  ///< greatest distance from `near`, in the value's unit
  std::optional<double> relative;   ///< the same as a share of `near`

  /// Whether the value is within the bounds. A value that is not finite never is.
  bool hold(double measured) const;
  /// "at least 23", "1 to 2", "0.159110 ± 1e-06".
  std::string text() const;
  /// A measured value as text, with as many digits as the tolerance needs.
  std::string show(double measured) const;
  bool empty() const { return !min && !max && !near && !tolerance && !relative; }
  /// Whether the set values are one of the forms above.
  bool complete() const;

  static constexpr const char* kForm = "min, max or both, or near with either tolerance or relative";
  /// Reads the values that the table has. Throws a usage error for one that is not a number.
  void read(TomlTable& table);
  /// (key, value) of the set values.
  std::vector<std::pair<std::string, double>> set() const;
};

}  // namespace belamy
