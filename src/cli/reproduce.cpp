// Runs a row of the scoreboard: trains and measures each group for each seed, judges, writes the result.
#include "reproduce.h"

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/progress.h"
#include "core/version.h"
#include "evaluate/evaluate.h"
#include "labs/lab.h"
#include "report/reproduction.h"
#include "store/run_folder.h"
#include "train/machine.h"
#include "train/run_report.h"

namespace belamy::cli {
namespace {

using Row = ReproductionRow;
using Scores = std::vector<RunScore>;

struct ReproduceRequest {
  std::string row, results = "reproduce/results", runs = "runs/reproduce";
  std::int64_t seeds = 0;
  bool list = false, table = false, dry_run = false;
};

std::vector<Row> all_rows() {
  std::vector<Row> rows;
  for (const auto& [path, text] : embedded_reproduce())
    rows.push_back(Row::parse(fs::path(path).stem().string(), std::string(text), path));
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.number < b.number; });
  return rows;
}

/// A row by name, or from a TOML file.
Row find_row(const std::string& name) {
  if (fs::path(name).extension() == ".toml") {
    if (!Env::real().exists(name)) throw usage_error("there is no row file '" + name + "'");
    return Row::parse(fs::path(name).stem().string(), Env::real().read(name), name);
  }
  std::vector<std::string> names;
  for (auto& row : all_rows()) {
    if (row.name == name) return row;
    names.push_back(row.name);
  }
  const auto near = nearest(name, names);
  throw usage_error("no row is called '" + name + "'",
                    (near.empty() ? "" : "did you mean '" + near + "'? ") +
                        std::string("'belamy reproduce --list' lists all"));
}

fs::path result_path(const ReproduceRequest& request, const Row& row) {
  return fs::path(request.results) / (row.name + ".json");
}

std::optional<ReproductionResult> kept_result(const ReproduceRequest& request, const Row& row) {
  const auto path = result_path(request, row);
  if (!Env::real().exists(path)) return std::nullopt;
  auto result = ReproductionResult::parse(Env::real().read(path), path.string());
  judge_reproduction(row, result);  // what is asked for may have changed since
  return result;
}

std::vector<std::string> with_seed(std::vector<std::string> settings, std::int64_t seed) {
  for (auto& setting : settings) {
    for (std::size_t at; (at = setting.find("{seed}")) != std::string::npos;)
      setting.replace(at, 6, std::to_string(seed));
  }
  return settings;
}

// The group whose training the group measures: itself, or the one that it names.
const Row::Group& trained_group(const Row& row, const Row::Group& group) {
  if (group.run.empty()) return group;
  return *std::find_if(row.groups.begin(), row.groups.end(),
                       [&](const Row::Group& other) { return other.name == group.run; });
}

std::unique_ptr<Recipe> recipe_of(const Row::Group& group, std::int64_t seed) {
  auto settings = with_seed(group.settings, seed);
  settings.push_back(fmt::format("train.seed={}", seed));
  return Recipe::load(group.recipe, settings);
}

EvaluationRequest evaluation_of(const Row::Group& group) {
  EvaluationRequest request;
  Fields fields;
  request.fields(fields);
  for (const auto& setting : group.evaluate) fields.set_text(setting);
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

/// Checks recipes, labs, settings and claims before hours of training.
void check(const Row& row) {
  for (const auto& group : row.groups) {
    if (group.lab.empty()) {
      auto recipe = recipe_of(trained_group(row, group), 1);
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

Scores run_lab(const Row::Group& group, std::int64_t seed, const OutputPath& folder, Progress& progress) {
  const auto out = folder.below("index.html", lab_page_mark);
  prepare_machine("cpu");
  const auto begin = std::chrono::steady_clock::now();
  const auto lab =
      lab_of(group, seed, [&](const std::string& text) { progress.update(group.lab + ": " + text); });
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

/// Trains as far as needed, then measures. Nothing if the user stopped the training. The report of the run shows the
/// scores of the group that trained it.
std::optional<Scores> run_recipe(const Row& row, const Row::Group& group, std::int64_t seed,
                                 const fs::path& out, Progress& progress) {
  const auto recipe = recipe_of(trained_group(row, group), seed);
  const auto settings = out / RunFolder::settings_file;
  if (Env::real().exists(settings) && Env::real().read(settings) != recipe->resolved()) {
    throw usage_error(fmt::format("the run in {} has other settings than the row", out.string()),
                      "remove that folder, or choose another --runs");
  }
  if (!train_in_folder(*recipe, out, true, progress).finished) return std::nullopt;
  const auto run = Run::open(out, "auto", warn, group.use);
  auto scores =
      evaluate(*run, evaluation_of(group), [&](const std::string& text) { progress.update(text); }).scores;
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

std::string today() {
  const auto now = std::time(nullptr);
  std::tm day{};
  gmtime_r(&now, &day);
  return fmt::format("{:04}-{:02}-{:02}", day.tm_year + 1900, day.tm_mon + 1, day.tm_mday);
}

ExitCode reproduce(const Row& row, const ReproduceRequest& request) {
  check(row);
  const auto seeds = request.seeds > 0 ? request.seeds : row.seeds;
  fmt::print("{}: {}\n  {}\n", row.name, row.title, row.protocol);
  if (request.dry_run) {
    for (const auto& group : row.groups) {
      const auto [kind, of] = !group.lab.empty()   ? std::pair("lab", group.lab)
                              : !group.run.empty() ? std::pair("the run of", group.run)
                                                   : std::pair("recipe", group.recipe);
      fmt::print("  {}: {} {}, {} seeds\n", group.name, kind, of, seeds);
    }
    return ExitCode::ok;
  }

  const auto kept = OutputPath::named("--results", request.results, {OutputKind::folder})
                        .below(row.name + ".json", result_mark);
  Progress progress;
  ReproductionResult result;
  result.row = row.name;
  result.seeds = seeds;
  double minutes = 0;
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    for (const auto& group : row.groups) {
      if (!is_due(group, seed)) continue;
      const auto part = row.groups.size() > 1 ? "-" + trained_group(row, group).name : "";
      const auto folder = fs::path(request.runs) / fmt::format("{}{}-seed{}", row.name, part, seed);
      const auto out = OutputPath::named("--runs", folder.string(), {OutputKind::folder});
      progress.line(fmt::format("{}, seed {} of {}", group.name, seed, seeds));
      const auto begin = std::chrono::steady_clock::now();
      const auto scores = group.lab.empty() ? run_recipe(row, group, seed, folder, progress)
                                            : run_lab(group, seed, out, progress);
      if (!scores) {
        progress.finish();
        fmt::print(stderr, "stopped, everything is saved; resume with: belamy reproduce {}\n", request.row);
        return ExitCode::interrupted;
      }
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
      // A run that was trained earlier counts with the time that it took then.
      minutes += std::max(time.count(), group.recipe.empty() ? 0 : trained_seconds(folder)) / 60;
      take(row, group, *scores, result);
    }
  }
  progress.finish();
  result.minutes = minutes / static_cast<double>(seeds);
  result.date = today();
  result.commit = commit();
  result.machine = machine_facts();
  judge_reproduction(row, result);

  write_output(kept, result.to_json());
  for (const auto& value : result.values) {
    const auto error = value.standard_error();
    fmt::print("  {:<24} {:.6g}{}\n", value.key, value.mean(),
               error ? fmt::format(" ± {:.2g} over {} seeds", *error, value.seeds.size()) : "");
  }
  bool all = true;
  for (const auto& [text, holds] : result.conditions) {
    fmt::print("  {}: {}\n", text, holds ? "holds" : "does not hold");
    all = all && holds;
  }
  if (result.minutes > row.minutes * static_cast<double>(row.groups.size())) {
    fmt::print("  took {:.1f} minutes per seed; the row allows {:g} for each of {} groups\n", result.minutes,
               row.minutes, row.groups.size());
  }
  fmt::print("{}: {}{}; {}\n", row.name, result.status,
             seeds < row.seeds ? fmt::format(" ({} of {} seeds)", seeds, row.seeds) : "", kept.string());
  return all ? ExitCode::ok : ExitCode::expectation;
}

ExitCode run_rows(const ReproduceRequest& request) {
  OutputPath::named("--results", request.results, {OutputKind::folder});
  OutputPath::named("--runs", request.runs, {OutputKind::folder});
  if (request.list) {
    for (const auto& row : all_rows()) {
      const auto result = kept_result(request, row);
      fmt::print("{:>3} {:<26} {:<12} {}\n", row.number, row.name, result ? result->status : "not measured",
                 row.title);
    }
    return ExitCode::ok;
  }
  if (request.table) {
    std::vector<ReproductionEntry> entries;
    for (auto& row : all_rows()) {
      auto result = kept_result(request, row);
      entries.push_back({std::move(row), std::move(result)});
    }
    fmt::print("{}", reproduction_table(entries));
    return ExitCode::ok;
  }
  if (!request.row.empty()) return reproduce(find_row(request.row), request);
  auto worst = ExitCode::ok;
  for (const auto& row : all_rows()) {
    const auto code = reproduce(row, request);
    if (code == ExitCode::interrupted) return code;
    if (code != ExitCode::ok) worst = code;
  }
  return worst;
}

}  // namespace

void add_reproduce(Verb program) {
  auto request = std::make_shared<ReproduceRequest>();
  auto verb = program.verb("reproduce", "Measure a published claim: train, evaluate, compare");
  verb.option("row", request->row, "Name of a row (--list), or a TOML file [all rows]");
  verb.option("--seeds", request->seeds, "Number of seeds to run each group with; 0: as many as the row says")
      .between(0, 1000);
  verb.flag("--list", request->list, "List all rows and their status");
  verb.flag("--table", request->table, "Print the page reproduce/README.md from the results");
  verb.flag("--dry-run", request->dry_run, "Check recipes, labs and settings of the row, train nothing");
  verb.option("--results", request->results, "Folder of the results");
  verb.option("--runs", request->runs, "Folder of the runs; finished ones are not trained again");
  verb.does([request] { return run_rows(*request); });
}

}  // namespace belamy::cli
