// Labs: short experiments that check claims of lecture slides. labs/NN-NAME/ holds a lab's text, settings and
// claims, src/labs/NAME.cpp the code that measures.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "belamy/bounds.h"
#include "belamy/config.h"

#include "data/image.h"
#include "report/lab_page.h"

namespace belamy {

/// One [[claim]] of a lab.toml: what is measured, in words, and the bounds that the value must keep.
struct LabClaim {
  std::string key, text;
  Bounds bounds;
  bool tiny = true;  ///< false: not judged with --tiny, which is too short for it
};

/// A lab.toml with its lab.md.
struct LabSheet {
  std::string name;  ///< "shift-gan"
  std::string title, source, text;
  struct Setting {
    std::string key, help;
    Value value;                       ///< an integer, a number or text; its type is the setting's
    std::optional<Value> tiny;         ///< replaces the value with --tiny
    double low = 0, high = 0;          ///< the range of a number
    std::vector<std::string> choices;  ///< the choices of a text; empty: any text
  };
  std::vector<Setting> settings;
  std::vector<LabClaim> claims;

  /// A usage error with file and line for keys that are missing, unknown or out of range.
  static LabSheet parse(const std::string& name, const std::string& toml, const std::string& text,
                        const std::string& origin);
};

/// The settings and results of a lab's function. A key that the sheet does not have is a
/// defect: std::logic_error.
class Lab {
 public:
  using Teller = std::function<void(const std::string&)>;

  /// `overrides` are KEY=VALUE, applied after --tiny. A usage error for unknown keys and values out of range.
  Lab(LabSheet sheet, bool tiny, const std::vector<std::string>& overrides, Teller teller = {});
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // Settings.
  std::int64_t integer(const std::string& key) const;
  double number(const std::string& key) const;
  const std::string& text(const std::string& key) const;
  bool tiny() const { return tiny_; }

  // Results. Each claim must be measured exactly once.
  void measure(const std::string& key, double value);
  /// In place of `measure`, for a claim about data that are not on this machine: it is not checked.
  void skip(const std::string& key);
  void chart(const std::string& title, const std::string& caption, LabChart chart);
  void table(const std::string& title, const std::string& caption, LabTable table);
  void picture(const std::string& title, const std::string& caption, const Image& image);

  /// A progress line for the terminal: "seed 3 of 5".
  void say(const std::string& progress) const;

  const LabSheet& sheet() const { return sheet_; }
  const Fields& fields() const { return fields_; }
  /// The claims in the sheet's order. A missing measurement is a defect of the lab: std::logic_error.
  std::vector<LabVerdict> verdicts() const;
  LabPage page(double seconds) const;
  const std::map<std::string, double>& measured() const { return measured_; }

 private:
  LabSheet sheet_;
  bool tiny_;
  std::vector<std::string> overrides_;
  Teller teller_;
  std::map<std::string, std::int64_t> integers_;
  std::map<std::string, double> numbers_;
  std::map<std::string, std::string> texts_;
  Fields fields_;
  std::map<std::string, double> measured_;
  std::set<std::string> skipped_;
  std::vector<LabFigure> figures_;
};

struct LabEntry {
  std::string name;    ///< "shift-gan"
  std::string folder;  ///< "labs/01-shift-gan"
  void (*run)(Lab&);
};
/// The labs of labs.def, by the number of their folder.
const std::vector<LabEntry>& all_labs();
/// A usage error that suggests the nearest name for an unknown one.
const LabEntry& find_lab(const std::string& name);
LabSheet load_lab(const LabEntry& entry);

}  // namespace belamy
