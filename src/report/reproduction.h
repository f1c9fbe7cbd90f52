// The scoreboard: a row is a published claim, reproduce/ROW.toml, and what was measured here for it,
// reproduce/results/ROW.json. Reading both, judging, and the table. src/scoreboard runs a row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "belamy/bounds.h"

namespace belamy {

/// reproduce/ROW.toml.
struct ReproductionRow {
  /// One training or lab with its settings, or the run of another group used otherwise: a [[group]].
  struct Group {
    std::string name;
    std::string recipe, lab, run;  ///< one of the three; run: the name of an earlier group with a recipe
    std::vector<std::string>
        settings;                  ///< "KEY=VALUE"; {seed} is replaced by the seed, {run:GROUP} by the folder
                                   ///< of an earlier group's run; not with `run`
    std::vector<std::string> use;  ///< "use.KEY=VALUE": how the run is used, not with a lab
    std::vector<std::string> evaluate;  ///< "KEY=VALUE": how a run is measured (JudgeRequest::fields)
  };
  /// One number of a group: a [[value]].
  struct Value {
    std::string key, text, unit;
    std::string group;
    std::string score;  ///< its key (scores.def), or the key of a lab's claim, or "failed claims" of a lab
    std::vector<std::string>
        mean_of;          ///< in place of group and score: the keys of earlier values, whose mean it is
    double factor = 1;    ///< what the score is multiplied by
    bool higher = false;  ///< whether more is better: what "worst" means
    std::string published, confidence;
  };
  /// What has to hold: a [[pass]].
  struct Condition {
    std::string text;
    std::string value;         ///< a key
    Bounds bounds;             ///< or instead of them
    std::string above, below;  ///< the key of another value, which this one must exceed by `margin`
    double margin = 0;
    std::string of = "mean";  ///< or "median", or "seeds": in `share` of all seeds
    double share = 1;
  };

  std::string name;  ///< "rbm-mnist"
  std::int64_t number = 0;
  std::string title, paper, protocol, note;
  std::int64_t seeds = 1;  ///< runs that the protocol asks for
  double minutes = 20;     ///< budget of one seed of one group, on two cores
  std::vector<Group> groups;
  std::vector<Value> values;
  std::vector<Condition> conditions;

  /// A usage error with file and line for what is missing, unknown or refers to nothing.
  static ReproductionRow parse(const std::string& name, const std::string& toml, const std::string& origin);
};

/// One value as it was measured, seed by seed.
struct ReproducedValue {
  std::string key;
  std::vector<double> seeds;
  std::string note;  ///< how the last of them came about

  double mean() const;
  double median() const;
  std::optional<double> standard_error() const;  ///< of the mean; from two seeds on
  double worst(bool higher_is_better) const;
};

/// reproduce/results/ROW.json.
struct ReproductionResult {
  std::string row;
  std::string status;  ///< "reproduced": every condition holds with all seeds; else "partial"
  std::string date, commit;
  std::vector<std::pair<std::string, std::string>> machine;
  std::int64_t seeds = 0;
  double minutes = 0;  ///< of one seed, all groups together
  std::vector<ReproducedValue> values;
  std::vector<std::pair<std::string, bool>> conditions;  ///< in words, and whether each holds

  std::string to_json() const;
  /// A data error that names `origin` for what is no such file.
  static ReproductionResult parse(const std::string& json, const std::string& origin);
};
/// What each such file begins with.
inline constexpr std::string_view result_mark = "{\n  \"row\": \"";

/// Fills `conditions` and `status` from `values`; a value that was not measured, or is not finite, fails.
void judge_reproduction(const ReproductionRow& row, ReproductionResult& result);

/// A row, and its result where there is one, judged by this row.
struct ReproductionEntry {
  ReproductionRow row;
  std::optional<ReproductionResult> result;
};
/// The page reproduce/README.md.
std::string reproduction_table(const std::vector<ReproductionEntry>& entries);

}  // namespace belamy
