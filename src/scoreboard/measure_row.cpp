#include "scoreboard/measure_row.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fmt/format.h>
#include <memory>
#include <utility>
#include <vector>

#include "belamy/error.h"
#include "belamy/run.h"

#include "core/env.h"
#include "core/output_paths.h"
#include "core/text.h"
#include "core/version.h"
#include "evaluate/evaluate.h"
#include "labs/lab.h"
#include "report/lab_page.h"
#include "store/run_folder.h"
#include "train/machine.h"
#include "train/run_report.h"

namespace belamy {
namespace {

using Row = ReproductionRow;
using Scores = std::vector<RunScore>;

std::vector<std::string> with_seed(std::vector<std::string> settings, std::int64_t seed) {
  for (auto& setting : settings) setting = replaced(setting, "{seed}", std::to_string(seed));
  return settings;
}

// The group whose training the group measures: itself, or the one that it names.
const Row::Group& trained_group(const Row& row, const Row::Group& group) {
  if (group.run.empty()) return group;
  return *std::find_if(row.groups.begin(), row.groups.end(),
                       [&](const Row::Group& other) { return other.name == group.run; });
}

// Rows that train a recipe as it is share the run.
std::string folder_name(const Row& row, const Row::Group& trained, std::int64_t seed) {
  const bool plain = trained.lab.empty() && trained.settings.empty();
  const auto part = row.groups.size() > 1 ? "-" + trained.name : "";
  return fmt::format("{}-seed{}", plain ? fs::path(trained.recipe).stem().string() : row.name + part, seed);
}

// A setting may name the run of an earlier group: "from.text={run:words}".
std::string with_run(std::string setting, const Row& row, const Row::Group& group, std::int64_t seed,
                     const fs::path& runs) {
  const std::string open = "{run:";
  const auto begin = setting.find(open), end = setting.find('}', begin);
  if (begin == std::string::npos || end == std::string::npos) return setting;
  const auto name = setting.substr(begin + open.size(), end - begin - open.size());
  for (const auto& other : row.groups) {
    if (&other == &group) break;
    if (other.name != name || other.recipe.empty()) continue;
    return setting.replace(begin, end + 1 - begin, (runs / folder_name(row, other, seed)).string());
  }
  throw usage_error(
      fmt::format("row {}: group '{}' names the run of '{}', which is no earlier group with a recipe",
                  row.name, group.name, name));
}

std::unique_ptr<Recipe> recipe_of(const Row& row, const Row::Group& group, std::int64_t seed,
                                  const fs::path& runs) {
  auto settings = with_seed(group.settings, seed);
  for (auto& setting : settings) setting = with_run(setting, row, group, seed, runs);
  settings.push_back(fmt::format("train.seed={}", seed));
  return Recipe::load(group.recipe, settings);
}

EvaluationRequest evaluation_of(const Row::Group& group) {
  EvaluationRequest request;
  Fields fields;
  request.fields(fields);
  for (const auto& setting : group.evaluate) fields.set_text(setting);
  check_measures(request.measures);
  return request;
}

bool is_seeded(const LabSheet& sheet) {
  return std::any_of(sheet.settings.begin(), sheet.settings.end(),
                     [](const LabSheet::Setting& setting) { return setting.key == "seed"; });
}

std::unique_ptr<Lab> lab_of(const Row::Group& group, std::int64_t seed, Lab::Teller teller = {}) {
  auto sheet = load_lab(find_lab(group.lab));
  auto settings = with_seed(group.settings, seed);
  if (is_seeded(sheet)) settings.push_back(fmt::format("seed={}", seed));
  return std::make_unique<Lab>(std::move(sheet), false, settings, std::move(teller));
}

// A group whose lab draws nothing at random is measured once.
bool is_due(const Row::Group& group, std::int64_t seed) {
  return seed == 1 || group.lab.empty() || is_seeded(load_lab(find_lab(group.lab)));
}

Scores run_lab(const Row::Group& group, std::int64_t seed, const fs::path& folder, const RowHooks& hooks) {
  const auto out =
      OutputPath::named("--runs", folder.string(), {OutputKind::folder}).below("index.html", lab_page_mark);
  prepare_machine("cpu");
  const auto begin = std::chrono::steady_clock::now();
  const auto lab =
      lab_of(group, seed, [&](const std::string& text) { hooks.progress(group.lab + ": " + text); });
  find_lab(group.lab).run(*lab);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  const auto page = lab->page(time.count());
  write_output(out, render_lab(page));
  Scores scores;
  for (const auto& [key, value] : lab->measured()) scores.push_back({key, key, value, "", ""});
  const auto failed =
      std::count_if(page.verdicts.begin(), page.verdicts.end(),
                    [](const LabVerdict& verdict) { return verdict.kind == LabVerdict::Kind::fails; });
  scores.push_back({"failed claims", "failed claims", static_cast<double>(failed), "",
                    fmt::format("of {} of lab {}", page.verdicts.size(), group.lab)});
  return scores;
}

/// Trains as far as needed, then measures. Nothing if the user stopped the training. The report of the run
/// shows the scores of the group that trained it.
std::optional<Scores> run_recipe(const Row& row, const Row::Group& group, std::int64_t seed,
                                 const fs::path& out, const RowHooks& hooks) {
  const auto recipe = recipe_of(row, trained_group(row, group), seed, out.parent_path());
  // A run of an earlier program lacks settings that are new since then; they have their default values.
  if (Env::real().exists(out / RunFolder::settings_file) &&
      recipe_in(RunFolder::read(Env::real(), out))->resolved() != recipe->resolved()) {
    throw usage_error(fmt::format("the run in {} has other settings than the row", out.string()),
                      "remove that folder, or choose another --runs");
  }
  if (!hooks.train(*recipe, out).finished) return std::nullopt;
  const auto run = Run::open(out, "auto", hooks.warning, group.use);
  auto scores = evaluate(*run, evaluation_of(group), hooks.progress).scores;
  if (!group.run.empty()) return scores;
  auto folder = RunFolder::open(Env::real(), out);
  write_evaluation(folder, run->step(), scores);
  write_run_report(folder, *recipe);
  return scores;
}

double trained_seconds(const fs::path& out) {
  const auto rows = RunFolder::read(Env::real(), out).read_metrics();
  return rows.empty() ? 0 : rows.back().seconds;
}

void take(const Row& row, const Row::Group& group, const Scores& scores, ReproductionResult& result) {
  for (const auto& value : row.values) {
    if (value.group != group.name) continue;
    const auto score =
        std::find_if(scores.begin(), scores.end(), [&](const RunScore& s) { return s.key == value.score; });
    if (score == scores.end()) {
      std::string known;
      for (const auto& each : scores) known += (known.empty() ? "" : ", ") + each.key;
      throw usage_error(
          fmt::format("row {}: group '{}' has no score '{}'", row.name, group.name, value.score),
          "choose one of " + known);
    }
    auto kept = std::find_if(result.values.begin(), result.values.end(),
                             [&](const ReproducedValue& v) { return v.key == value.key; });
    if (kept == result.values.end()) kept = result.values.insert(kept, {value.key, {}, ""});
    kept->seeds.push_back(score->value * value.factor);
    kept->note = score->note;
  }
}

// The values that are means of earlier ones, seed by seed.
void take_means(const Row& row, ReproductionResult& result) {
  for (const auto& value : row.values) {
    if (value.mean_of.empty()) continue;
    std::vector<double> sums;
    for (const auto& key : value.mean_of) {
      const auto part = std::find_if(result.values.begin(), result.values.end(),
                                     [&](const ReproducedValue& v) { return v.key == key; });
      if (sums.empty()) sums.resize(part->seeds.size());
      sums.resize(std::min(sums.size(), part->seeds.size()));
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += part->seeds[i];
    }
    for (auto& sum : sums) sum *= value.factor / static_cast<double>(value.mean_of.size());
    result.values.push_back({value.key, sums, ""});
  }
}

std::string today() {
  const auto now = std::time(nullptr);
  std::tm day{};
  gmtime_r(&now, &day);
  return fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

}  // namespace

void check_row(const ReproductionRow& row) {
  for (const auto& group : row.groups) {
    if (group.lab.empty()) {
      const auto recipe = recipe_of(row, trained_group(row, group), 1, "runs");
      for (const auto& setting : group.use) recipe->fields().set_text(setting);
      evaluation_of(group);
      continue;
    }
    const auto lab = lab_of(group, 1);
    for (const auto& value : row.values) {
      const auto& claims = lab->sheet().claims;
      if (value.group == group.name && value.score != "failed claims" &&
          std::none_of(claims.begin(), claims.end(), [&](const LabClaim& c) { return c.key == value.score; }))
        throw usage_error(
            fmt::format("row {}: lab '{}' has no claim '{}'", row.name, group.lab, value.score));
    }
  }
}

std::optional<ReproductionResult> measure_row(const ReproductionRow& row, std::int64_t seeds,
                                              const fs::path& runs, const RowHooks& hooks) {
  ReproductionResult result;
  result.row = row.name;
  result.seeds = seeds;
  double minutes = 0;
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    for (const auto& group : row.groups) {
      if (!is_due(group, seed)) continue;
      const auto folder = runs / folder_name(row, trained_group(row, group), seed);
      OutputPath::named("--runs", folder.string(), {OutputKind::folder});
      hooks.begin(fmt::format("{}, seed {} of {}", group.name, seed, seeds));
      const auto begin = std::chrono::steady_clock::now();
      const auto scores = group.lab.empty() ? run_recipe(row, group, seed, folder, hooks)
                                            : run_lab(group, seed, folder, hooks);
      if (!scores) return std::nullopt;
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
      // A run that was trained earlier counts with the time that it took then.
      minutes += std::max(time.count(), group.recipe.empty() ? 0 : trained_seconds(folder)) / 60;
      take(row, group, *scores, result);
    }
  }
  take_means(row, result);
  result.minutes = minutes / static_cast<double>(seeds);
  result.date = today();
  result.commit = commit();
  result.machine = machine_facts();
  judge_reproduction(row, result);
  return result;
}

}  // namespace belamy
