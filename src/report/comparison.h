// Runs side by side: the settings that differ, and the scores, where they were measured alike.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "report/report.h"

namespace belamy {

struct ComparedRun {
  std::string name;
  std::vector<std::pair<std::string, std::string>> settings;  ///< (key, value) of all
  std::vector<RunScore> scores;                               ///< of its last evaluation
};

struct Comparison {
  /// Settings that differ: the key, then the value of each run, "-" where it has none.
  std::vector<std::vector<std::string>> settings;
  struct Score {
    std::string name;
    std::vector<double> values;  ///< NaN where a run has none
    double best = 0;             ///< NaN if none is better than another
  };
  std::vector<Score> scores;                                 ///< where the passports agree
  std::vector<std::pair<std::string, std::string>> refused;  ///< names of the others, and why
};
Comparison comparison_of(const std::vector<ComparedRun>& runs);

/// The same as text for a terminal. The best value of a score is marked by a star. A score whose passports disagree in what
/// matters has the entry that differs instead of values.
std::string compare_runs(const std::vector<ComparedRun>& runs);

}  // namespace belamy
