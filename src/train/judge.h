// What `belamy evaluate` finds out about a run, by its capabilities.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "data/dataset.h"
#include "report/report.h"

namespace belamy {

struct JudgeRequest {
  Split split = Split::test;  ///< what is measured on: validation to choose settings by, test at the end
  std::int64_t samples = 10000;
  std::int64_t test_limit = 10000;  ///< test examples for reconstruction and likelihood
  std::int64_t seed = 1;
};

/// Reconstruction error, likelihood bound, classification error where the data has labels, and for samplers
/// diversity and, where the data has labels, the distance classifier-frechet with its floor, precision,
/// recall, classes and the check against memorising. For points: sliced Wasserstein and earth mover's
/// distance with their floors, and for a mixture its modes. `progress` hears what is being done.
std::vector<ReportScore> judge(Run& run, const JudgeRequest& request,
                               const std::function<void(const std::string&)>& progress);

/// One claim of the recipe's [expect] table against the scores: "classifier-frechet over floor" <= 8.
struct Verdict {
  std::string claim;
  double measured = 0;
  bool known = false;  ///< the score was measured
  bool holds = false;
};
std::vector<Verdict> check_expectations(const Recipe& recipe, const std::vector<ReportScore>& scores);

}  // namespace belamy
