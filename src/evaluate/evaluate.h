// What `belamy evaluate` measures of a run: the measures of measures.def that its model and data allow.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "report/report.h"

namespace belamy {

/// How a run is measured. `fields` lists the settings for rows of the scoreboard.
struct EvaluationRequest {
  std::string split = "test";           ///< or "validation": to choose settings by
  std::int64_t samples = 10000;         ///< of a sampler
  std::int64_t test_limit = 10000;      ///< test examples for reconstruction and likelihood
  std::int64_t likelihood_samples = 1;  ///< draws of the latent that tighten a bound (Density)
  bool codes = false;                   ///< a linear probe, k-NN and k-means on the codes of an encoder
  bool parzen = false;  ///< the Parzen window estimate of a sampler of images, and its anchors
  std::string trials;   ///< one-shot trials: "official", or to draw "5-way-1-shot"; empty: as data allow
  std::int64_t seed = 1;
  std::vector<std::string> measures;  ///< keys of measures; empty: all that fit

  void fields(Fields& f);
};

struct Evaluation {
  std::vector<ReportScore> scores;
  std::vector<std::string> not_measured;  ///< "frechet, class-distance: the data have no two classes"
};

/// Takes all measures that fit the run. One that its data do not allow costs no other one. A measure that was
/// asked for (`codes`, `parzen`, `trials`, `measures`) and cannot be taken is a usage or data error. `progress`
/// gets what is being done.
Evaluation evaluate(Run& run, const EvaluationRequest& request,
                    const std::function<void(const std::string&)>& progress);

/// One expectation of the recipe against the scores.
struct Verdict {
  std::string claim;  ///< "classifier-frechet over floor is at most 8"
  double measured = 0;
  bool known = false;  ///< the score was measured
  bool holds = false;
};
std::vector<Verdict> check_expectations(const Recipe& recipe, const std::vector<ReportScore>& scores);

}  // namespace belamy
