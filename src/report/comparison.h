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

/// Text for a terminal. The best value of a score is marked by a star. A score whose passports disagree in what
/// matters has the entry that differs instead of values.
std::string compare_runs(const std::vector<ComparedRun>& runs);

}  // namespace belamy
