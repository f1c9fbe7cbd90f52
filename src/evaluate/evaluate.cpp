#include "evaluate/evaluate.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "belamy/error.h"

#include "evaluate/measure.h"
#include "report/scores.h"
#include "use/require.h"

namespace belamy {
namespace measures {
#define BELAMY_MEASURE(name) Measure name();
#include "evaluate/measures.def"
#undef BELAMY_MEASURE
}  // namespace measures

const std::vector<Measure>& all_measures() {
  static const std::vector<Measure> all = {
#define BELAMY_MEASURE(name) measures::name(),
#include "evaluate/measures.def"
#undef BELAMY_MEASURE
  };
  return all;
}

void EvaluationRequest::fields(Fields& f) {
  f.add("data", data, "other data of the same kind to measure on; \"\": the run's");
  f.add("split", split, {"test", "validation"}, "split to measure on");
  f.add("samples", samples, {100, 1'000'000}, "number of samples to draw");
  f.add("test_limit", test_limit, {1, 1'000'000'000},
        "greatest number of test examples for reconstruction and likelihood");
  f.add("likelihood_samples", likelihood_samples, {1, 1'000'000},
        "number of draws of the latent per example, which tighten the bound of the likelihood");
  f.add("codes", codes, "also measure the codes by linear probe, k-NN and k-means");
  f.add("parzen", parzen, "also measure the samples by a Parzen window, with its anchors");
  f.add("trials", trials,
        "one-shot trials: official, or drawn, such as 5-way-1-shot; \"\": what the data allow");
  f.add("features", features, "weights of VGG16 for distances in its features: a name, or a file");
  f.add("seed", seed, {0, 1'000'000'000'000}, "seed of samples and random choices");
  f.add("measures", measures, "measures to take; []: all that fit");
}

void check_measures(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const auto& measure : all_measures()) known.push_back(measure.key);
  for (const auto& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto near = nearest(name, known);
    throw usage_error(fmt::format("no measure is called '{}'", name),
                      near.empty() ? fmt::format("use one of {}", fmt::join(known, ", "))
                                   : fmt::format("did you mean '{}'?", near));
  }
}

namespace {

// The measures to take, each with whether it was asked for. A usage error for one that was and does not fit.
std::vector<std::pair<const Measure*, bool>> choose(const Run& run, const EvaluationRequest& request) {
  std::vector<std::pair<const Measure*, bool>> chosen;
  const auto& model = *run.recipe().model;
  for (const auto& measure : all_measures()) {
    const bool named =
        std::find(request.measures.begin(), request.measures.end(), measure.key) != request.measures.end();
    const bool asked = named || (measure.asked && measure.asked(request));
    const bool fits = measure.fits(model, run.shape());
    if (asked && !fits) {
      if (!model.can(measure.needs)) throw missing_capability(run, measure.needs);
      throw usage_error(fmt::format("the measure {} does not apply to these {}", measure.key,
                                    run.shape().is_images() ? "images" : "points"),
                        "'belamy evaluate --list' shows what each measure needs");
    }
    // Without a list of measures all are taken that fit and need not be asked for.
    const bool meant = !request.only_samples || measure.needs == Capability::sampler;
    const bool of_interest = !measure.only_asked && (!measure.concerns || measure.concerns(run.recipe()));
    const bool unasked = request.measures.empty() && of_interest && meant && model.can(measure.needs);
    if (asked || (unasked && fits)) chosen.emplace_back(&measure, asked);
  }
  return chosen;
}

}  // namespace

Evaluation evaluate(Run& run, const EvaluationRequest& request,
                    const std::function<void(const std::string&)>& progress) {
  check_measures(request.measures);
  const auto chosen = choose(run, request);
  EvaluationContext context(run, request, progress);
  context.test();  // without data nothing can be measured
  Evaluation result;
  // Each reason with the keys of its measures.
  std::vector<std::pair<std::string, std::vector<std::string>>> missing;
  const auto not_taken = [&](const std::string& why) -> std::vector<std::string>& {
    for (auto& [reason, keys] : missing) {
      if (reason == why) return keys;
    }
    return missing.emplace_back(why, std::vector<std::string>()).second;
  };
  for (const auto& [measure, asked] : chosen) {
    try {
      measure->take(context);
    } catch (const Error& error) {
      if (error.code() != ExitCode::data || asked) throw;
      not_taken(error.message()).push_back(measure->key);
    }
  }
  for (const auto& [why, keys] : missing)
    result.not_measured.push_back(fmt::format("{}: {}", fmt::join(keys, ", "), why));
  result.scores = context.take_scores();
  return result;
}

std::vector<Verdict> check_expectations(const Recipe& recipe, const std::vector<RunScore>& scores) {
  std::vector<Verdict> verdicts;
  for (const auto& [key, bounds] : recipe.expectations) {
    const auto* info = find_score(key);
    Verdict verdict{fmt::format("{} is {}", info ? info->label : key, bounds.text())};
    for (const auto& score : scores) {
      if (score.key != key) continue;
      verdict.known = true;
      verdict.measured = score.value;
      verdict.holds = bounds.hold(score.value);
    }
    verdicts.push_back(verdict);
  }
  return verdicts;
}

}  // namespace belamy
