// What `belamy evaluate` finds out about a run, by its capabilities.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "report/report.h"

namespace belamy {

/// How a run is measured. `fields` lists the settings for rows of the scoreboard.
struct JudgeRequest {
  std::string split = "test";           ///< or "validation": to choose settings by
  std::int64_t samples = 10000;         ///< of a sampler
  std::int64_t test_limit = 10000;      ///< test examples for reconstruction and likelihood
  std::int64_t likelihood_samples = 1;  ///< draws of the latent that tighten a bound (Density)
  bool codes = false;                   ///< a linear probe, k-NN and k-means on the codes of an encoder
  bool parzen = false;  ///< the Parzen window estimate of a sampler of images, and its anchors
  std::string trials;   ///< one-shot trials: "official", or to draw "5-way-1-shot"; empty: none
  std::int64_t seed = 1;

  void fields(Fields& f);
};

struct JudgeResult {
  std::vector<ReportScore> scores;
  std::vector<std::string> not_measured;  ///< what these data do not allow, one line each with the reason
};

/// Reconstruction error, likelihood or its bound, classification error where the data has labels, and for
/// samplers diversity and, where the data has labels, the distance classifier-frechet with its floor,
/// precision, recall, classes and the check against memorising; for conditional samplers the share of samples
/// that show the class asked for; for matchers recall@k. For points: sliced Wasserstein and earth mover's
/// distance with their floors, and for a mixture its modes. What is asked for and the model or its data
/// cannot give is a usage or data error. `progress` hears what is being done.
JudgeResult judge(Run& run, const JudgeRequest& request,
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
