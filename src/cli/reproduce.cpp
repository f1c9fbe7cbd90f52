// The verb `reproduce`: measures rows of the scoreboard and prints them.
#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

#include "cli/verbs.h"
#include "core/output_paths.h"
#include "core/progress.h"
#include "core/text.h"
#include "scoreboard/measure_row.h"
#include "scoreboard/rows.h"

namespace belamy::cli {
namespace {

using Row = ReproductionRow;

struct ReproduceRequest {
  std::string row, results = "reproduce/results", runs = "runs/reproduce";
  std::int64_t seeds = 0;
  bool list = false, table = false, dry_run = false;
};

void print_outcome(const Row& row, const ReproductionResult& result, const OutputPath& kept) {
  for (const auto& value : result.values) {
    const auto error = value.standard_error();
    fmt::print("  {:<24} {:.6g}{}\n", value.key, value.mean(),
               error ? fmt::format(" ± {:.2g} over {} seeds", *error, value.seeds.size()) : "");
  }
  for (const auto& [text, holds] : result.conditions)
    fmt::print("  {}: {}\n", text, holds ? "holds" : "does not hold");
  if (result.minutes > row.minutes * static_cast<double>(row.groups.size())) {
    fmt::print("  took {:.1f} minutes per seed; the row allows {:g} for each of {}\n", result.minutes,
               row.minutes, counted(row.groups.size(), "group"));
  }
  fmt::print("{}: {}{}; {}\n", row.name, result.status,
             result.seeds < row.seeds ? fmt::format(" ({} of {} seeds)", result.seeds, row.seeds) : "",
             kept.string());
}

ExitCode reproduce(const Row& row, const ReproduceRequest& request) {
  check_row(row);
  const auto seeds = request.seeds > 0 ? request.seeds : row.seeds;
  fmt::print("{}: {}\n  {}\n", row.name, row.title, row.protocol);
  if (request.dry_run) {
    for (const auto& group : row.groups) {
      const auto [kind, of] = !group.lab.empty()   ? std::pair("lab", group.lab)
                              : !group.run.empty() ? std::pair("the run of", group.run)
                                                   : std::pair("recipe", group.recipe);
      fmt::print("  {}: {} {}, {}\n", group.name, kind, of, counted(seeds, "seed"));
    }
    return ExitCode::ok;
  }

  const auto kept = OutputPath::named("--results", request.results, {OutputKind::folder})
                        .below(result_file(row), result_mark);
  Progress progress;
  RowHooks hooks;
  hooks.train = [&](const Recipe& recipe, const std::filesystem::path& out) {
    return train_in_folder(recipe, out, true, progress);
  };
  hooks.begin = [&](const std::string& text) { progress.line(text); };
  hooks.progress = [&](const std::string& text) { progress.update(text); };
  hooks.warning = warn;
  const auto result = measure_row(row, seeds, request.runs, hooks);
  progress.finish();
  if (!result) {
    say_error(fmt::format("stopped, everything is saved; resume with: belamy reproduce {}\n", request.row));
    return ExitCode::interrupted;
  }
  write_output(kept, result->to_json());
  print_outcome(row, *result, kept);
  const bool all = std::all_of(result->conditions.begin(), result->conditions.end(),
                               [](const auto& condition) { return condition.second; });
  return all ? ExitCode::ok : ExitCode::expectation;
}

ExitCode run_rows(const ReproduceRequest& request) {
  OutputPath::named("--results", request.results, {OutputKind::folder});
  OutputPath::named("--runs", request.runs, {OutputKind::folder});
  if (request.list) {
    for (const auto& row : all_rows()) {
      const auto result = kept_result(request.results, row);
      fmt::print("{:>3} {:<26} {:<12} {}\n", row.number, row.name, result ? result->status : "not measured",
                 row.title);
    }
    return ExitCode::ok;
  }
  if (request.table) {
    std::vector<ReproductionEntry> entries;
    for (auto& row : all_rows()) {
      auto result = kept_result(request.results, row);
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
