// Measures a run, as `belamy evaluate` does: all measures of measures.def that its model and data allow.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "report/report.h"

namespace belamy {

/// How a run is measured. `fields` lists the settings for rows of the scoreboard.
struct EvaluationRequest {
  std::string data = "";                ///< other data of the same kind to measure on; empty: the run's
  std::string split = "test";           ///< or "validation", for choosing settings
  std::int64_t samples = 10000;         ///< number of samples to draw
  std::int64_t test_limit = 10000;      ///< test examples for reconstruction and likelihood
  std::int64_t likelihood_samples = 1;  ///< draws of the latent that tighten a bound (Density)
  bool codes = false;                   ///< a linear probe, k-NN and k-means on the codes of an encoder
  bool parzen = false;  ///< the Parzen window estimate of a sampler of images, and its anchors
  std::string
      trials;  ///< one-shot trials: "official", or drawn as "5-way-1-shot"; empty: what the data allow
  std::string features = "vgg16-conv";  ///< weights of VGG16, for distances in its features: a name or a file
  std::int64_t seed = 1;
  std::vector<std::string> measures;  ///< keys of measures; empty: all that fit
  bool only_samples = false;          ///< without `measures`: only those that need a sampler

  void fields(Fields& f);
};

struct Evaluation {
  std::vector<RunScore> scores;
  std::vector<std::string> not_measured;  ///< "frechet, class-distance: the data have no two classes, ..."
};

/// A usage error if one of the names is not the key of a measure.
void check_measures(const std::vector<std::string>& names);

/// Takes all measures that fit the run. A measure that its data do not allow is listed in `not_measured`, and
/// the others are still taken. If a measure was requested (`codes`, `parzen`, `trials`, `measures`) and
/// cannot be taken, it is a usage or data error. `progress` receives texts about the current work.
Evaluation evaluate(Run& run, const EvaluationRequest& request,
                    const std::function<void(const std::string&)>& progress);

/// An expectation of the recipe, compared with the scores.
struct Verdict {
  std::string claim;  ///< "classifier-frechet over floor is at most 8"
  double measured = 0;
  bool known = false;  ///< the score was measured
  bool holds = false;
};
std::vector<Verdict> check_expectations(const Recipe& recipe, const std::vector<RunScore>& scores);

}  // namespace belamy
