// The verb `evaluate`: takes the measures of a run.
#include "evaluate/evaluate.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "belamy/run.h"

#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/columns.h"
#include "core/progress.h"
#include "core/text.h"
#include "evaluate/measure.h"
#include "report/scores.h"
#include "store/run_folder.h"
#include "train/run_report.h"

namespace belamy::cli {

namespace {

const char* better_name(ScoreInfo::Better better) {
  switch (better) {
    case ScoreInfo::Better::lower: return "lower";
    case ScoreInfo::Better::higher: return "higher";
    case ScoreInfo::Better::neither: return "-";
  }
  return "";
}

ExitCode list_measures() {
  std::vector<std::vector<std::string>> rows = {{"measure", "needs a", "takes", "what it measures"}};
  for (const auto& measure : all_measures())
    rows.push_back({measure.key, capability_name(measure.needs), measure.cost, measure.text});
  fmt::print("{}\n", in_columns(rows));
  rows = {{"score", "better", "unit"}};
  for (const auto& score : all_scores())
    rows.push_back({score.key, better_name(score.better), score.unit.empty() ? "-" : score.unit});
  fmt::print("{}", in_columns(rows));
  return ExitCode::ok;
}

using Json = nlohmann::ordered_json;

Json number_json(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

Json to_json(const Run& run, const EvaluationRequest& request, const Evaluation& result,
             const std::vector<Verdict>& verdicts) {
  auto scores = Json::array(), expected = Json::array();
  for (const auto& score : result.scores) {
    auto passport = Json::object();
    for (const auto& [name, value] : score.passport) passport[name] = value;
    scores.push_back({{"key", score.key},
                      {"name", score.name},
                      {"value", number_json(score.value)},
                      {"unit", score.unit},
                      {"note", score.note},
                      {"passport", passport}});
  }
  for (const auto& verdict : verdicts)
    expected.push_back({{"claim", verdict.claim},
                        {"measured", verdict.known ? number_json(verdict.measured) : Json()},
                        {"holds", verdict.known && verdict.holds}});
  return {{"recipe", run.recipe().name},
          {"model", run.recipe().model->name},
          {"step", run.step()},
          {"split", request.split},
          {"scores", scores},
          {"not_measured", result.not_measured},
          {"expectations", expected}};
}

void print(const Run& run, const std::string& folder, const EvaluationRequest& request,
           const Evaluation& result, const std::vector<Verdict>& verdicts) {
  const auto rows = RunFolder::read(Env::real(), folder).read_metrics();
  fmt::print("{} at step {}, trained in {}, on the {} set\n", run.recipe().name, format_count(run.step()),
             format_duration(rows.empty() ? 0 : rows.back().seconds), request.split);
  for (const auto& score : result.scores) {
    fmt::print("  {:<30} {:>10} {}\n", score.name, score_text(score.value), score.unit);
    if (!score.note.empty()) fmt::print("  {:<30}   {}\n", "", score.note);
  }
  for (const auto& line : result.not_measured) fmt::print("  not measured: {}\n", line);
  if (result.scores.empty() && result.not_measured.empty())
    fmt::print("  nothing was measured: no measure applies to {}\n", run.recipe().model->name);
  for (const auto& verdict : verdicts)
    fmt::print("  expected {}: {}\n", verdict.claim,
               !verdict.known  ? "not measured"
               : verdict.holds ? "holds"
                               : "does not hold");
}

}  // namespace

void add_evaluate(Verb program) {
  struct Request {
    RunRequest run;
    EvaluationRequest evaluate;
    bool list = false, json = false;
  };
  auto request = std::make_shared<Request>();
  auto verb = program.verb("evaluate", "Measure a run: reconstruction, likelihood, quality of samples");
  add_optional_run(verb, request->run, "Folder of a run; not needed with --list");
  verb.option("-n,--samples", request->evaluate.samples, "Number of samples to judge")
      .between(100, 1'000'000);
  verb.option("--data", request->evaluate.data,
              "Known data set, folder or archive of the same kind to measure on [the run's data]");
  verb.option("--split", request->evaluate.split,
              "Data to measure on: test, or validation for choosing settings")
      .one_of({"test", "validation"});
  verb.option("--likelihood-samples", request->evaluate.likelihood_samples,
              "Draws of the latent per example for the bound of the likelihood; more draws tighten it")
      .between(1, 1'000'000);
  verb.flag("--codes", request->evaluate.codes,
            "Also measure the codes by linear probe, k-NN and k-means; takes a while");
  verb.flag(
      "--parzen", request->evaluate.parzen,
      "Also estimate Parzen window likelihoods of samples, real images and k-means centroids; takes a while");
  verb.option("--trials", request->evaluate.trials,
              "One-shot trials: official (Omniglot's all_runs.zip), or drawn, such as 5-way-1-shot or "
              "20-way-1-shot-in-folder");
  verb.option(
      "--features", request->evaluate.features,
      "Weights of VGG16 for feature-distance, path-length and vgg16-frechet: a name from 'belamy weights list', or a file");
  verb.option(
      "--measures", request->evaluate.measures,
      "Take only this measure; may be repeated [all that fit, without those of networks trained elsewhere]");
  const auto list = verb.flag("--list", request->list,
                              "List the measures with what each needs and costs, and the keys of all scores");
  verb.flag("--json", request->json, "Print JSON, for programs").excludes(list);
  verb.option("--seed", request->evaluate.seed, "Seed of the samples and of random choices");
  verb.does([request] {
    if (request->list) return list_measures();
    if (request->run.folder.empty())
      throw usage_error("evaluate needs the folder of a run", "use: belamy evaluate runs/NAME");
    const auto run = request->run.open();
    Progress progress;
    const auto result =
        evaluate(*run, request->evaluate, [&](const std::string& text) { progress.update(text); });
    progress.finish();
    const auto verdicts = check_expectations(run->recipe(), result.scores);
    if (request->json)
      fmt::print("{}\n", to_json(*run, request->evaluate, result, verdicts).dump(2));
    else
      print(*run, request->run.folder, request->evaluate, result, verdicts);
    const bool all = std::all_of(verdicts.begin(), verdicts.end(),
                                 [](const Verdict& verdict) { return verdict.known && verdict.holds; });
    if (request->run.step)
      return all ? ExitCode::ok : ExitCode::expectation;  // the run keeps its newest scores
    // Printed before writing: the folder may be locked by a training.
    auto folder = RunFolder::open(Env::real(), request->run.folder);
    write_evaluation(folder, run->step(), result.scores);
    write_run_report(folder, run->recipe());
    return all ? ExitCode::ok : ExitCode::expectation;
  });
}

}  // namespace belamy::cli
