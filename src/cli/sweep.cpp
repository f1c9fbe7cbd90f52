// The verb `sweep`: samples and their scores for several values of a setting of use.
#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <set>
#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/columns.h"
#include "core/contradictions.h"
#include "core/env.h"
#include "core/progress.h"
#include "core/shell.h"
#include "core/text.h"
#include "data/csv.h"
#include "evaluate/evaluate.h"
#include "pictures/grids.h"
#include "report/lab_page.h"
#include "store/run_folder.h"
#include "train/run_report.h"
#include "use/in_batches.h"

namespace belamy::cli {
namespace {

struct SweepVerb {
  RunRequest run;
  EvaluationRequest evaluate{.samples = 2000, .only_samples = true};
  std::string over, out = "sweep";
  std::int64_t columns = 12;
};

// What one value of the setting gave.
struct Point {
  std::string value;
  double seconds = 0;  // of drawing the row of samples
  std::vector<RunScore> scores;
};

// "use.truncation=2,1,0.5" as the key and its values. The run must have the setting.
std::pair<std::string, std::vector<std::string>> parse_over(const std::string& text, const Recipe& recipe) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals + 1 == text.size()) {
    throw usage_error(fmt::format("--over gives no values: '{}'", text),
                      "write --over use.KEY=VALUE,VALUE,...");
  }
  const auto values = split_at_commas(text.substr(equals + 1));
  if (std::find(values.begin(), values.end(), "") != values.end()) {
    throw usage_error(fmt::format("--over {}: a value is empty", text),
                      "write each value between two commas, and no comma at the end");
  }
  const auto typed = text.substr(0, equals);
  const auto key = typed.starts_with("use.") ? typed : "use." + typed;
  std::vector<std::string> known;
  for (const auto& field : recipe.fields().all()) {
    if (field.key.starts_with("use.")) known.push_back(field.key);
  }
  if (std::find(known.begin(), known.end(), key) != known.end()) return {key, values};
  throw usage_error(
      fmt::format("--over {}: {} has no setting of use that is called '{}'", text, recipe.model->name, typed),
      known.empty()
          ? "it has no settings that can be swept"
          : fmt::format("{}it can be swept over {}", suggestion(key, known), fmt::join(known, ", ")));
}

// The measured value, or NaN, which charts leave out.
double score_of(const Point& point, const std::string& key) {
  for (const auto& score : point.scores) {
    if (score.key == key) return score.value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

// Each score that was measured: its key and its name with the unit.
std::vector<std::pair<std::string, std::string>> measured_scores(const std::vector<Point>& points) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& point : points) {
    for (const auto& score : point.scores) {
      const bool known =
          std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.first == score.key; });
      if (!known)
        all.emplace_back(score.key,
                         score.unit.empty() ? score.name : fmt::format("{} ({})", score.name, score.unit));
    }
  }
  return all;
}

LabTable table_of(const std::string& key, const std::vector<Point>& points) {
  const auto scores = measured_scores(points);
  LabTable table{{key, "seconds for the row of pictures"}, {}};
  for (const auto& score : scores) table.columns.push_back(score.second);
  for (const auto& point : points) {
    table.rows.push_back({point.value, fmt::format("{:.3g}", point.seconds)});
    for (const auto& score : scores)
      table.rows.back().push_back(fmt::format("{:.4g}", score_of(point, score.first)));
  }
  return table;
}

// Quality against variety: a point for each value, joined in their order.
LabChart trade_of(const std::vector<Point>& points) {
  LabSeries line{"in the order given", {}, {}}, marks{"one value each", {}, {}, LabSeries::Style::points};
  for (const auto& point : points) {
    line.x.push_back(score_of(point, "recall"));
    line.y.push_back(score_of(point, "precision"));
  }
  marks.x = line.x;
  marks.y = line.y;
  return {{"recall: variety"}, {"precision: quality"}, {line, marks}, {}};
}

// A score over the values of the setting, by number where all are numbers, else by place.
LabChart chart_of(const std::string& key, const std::vector<Point>& points, const std::string& score,
                  const std::string& label) {
  LabSeries line{label, {}, {}};
  bool numbers = true;
  std::vector<std::pair<double, double>> places;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const auto number = number_in<double>(points[i].value);
    numbers = numbers && number;
    places.emplace_back(number.value_or(0), score_of(points[i], score));
  }
  if (numbers) std::sort(places.begin(), places.end());
  for (std::size_t i = 0; i < places.size(); ++i) {
    line.x.push_back(numbers ? places[i].first : static_cast<double>(i + 1));
    line.y.push_back(places[i].second);
  }
  return {{numbers ? key : key + ", by place in the list"}, {label}, {line}, {}};
}

// The command that makes the page again.
std::string command_of(const SweepVerb& asked) {
  auto command =
      fmt::format("belamy sweep {} --over {} -n {} --columns {} --seed {}", shell_word(asked.run.folder),
                  shell_word(asked.over), asked.evaluate.samples, asked.columns, asked.evaluate.seed);
  for (const auto& setting : asked.run.settings) command += " --set " + shell_word(setting);
  for (const auto& measure : asked.evaluate.measures) command += " --measures " + shell_word(measure);
  return command;
}

ExitCode sweep(const SweepVerb& asked) {
  check_measures(asked.evaluate.measures);
  const auto folder = OutputPath::named("--out", asked.out, {OutputKind::folder}, inputs_of(asked.run));
  const auto page_path = folder.below("index.html", lab_page_mark);
  const auto recipe = recipe_in(RunFolder::read(Env::real(), asked.run.folder));
  const auto [key, values] = parse_over(asked.over, *recipe);
  const auto open = [&, &key = key](const std::string& value) {
    auto request = asked.run;
    const auto setting = key + "=" + value;
    request.settings.push_back(setting);
    refuse_contradictions(recipe->fields(), request.settings, {{setting, "--over " + asked.over}});
    return request.open();
  };
  for (const auto& value : values) open(value);  // a wrong value is an error before the work starts
  Progress progress;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Point> points;
  std::vector<Tensor> rows;
  std::string name;
  std::set<std::string> not_measured;
  bool images = false;
  for (const auto& value : values) {
    const auto run = open(value);
    auto* sampler = require_capability(run->model().sampler(), *run, Capability::sampler);
    name = run->recipe().name;
    images = run->shape().is_images();
    Point point{value};
    const auto tell = [&](const std::string& text) {
      progress.update(fmt::format("{}={}: {}", key, value, text));
    };
    tell("samples");
    const auto start = std::chrono::steady_clock::now();
    rows.push_back(draw(*sampler, {asked.columns, run->generator(asked.evaluate.seed)}));
    point.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    auto result = evaluate(*run, asked.evaluate, tell);
    point.scores = std::move(result.scores);
    for (const auto& line : result.not_measured) not_measured.insert(line);
    points.push_back(std::move(point));
  }
  progress.finish();
  std::string notes;
  for (const auto& line : not_measured) notes += "not measured: " + line + "\n";

  LabPage page{.title = fmt::format("{} for {} of {}", name, counted(values.size(), "value"), key)};
  page.text = fmt::format(
      "Each row of pictures starts from the same random numbers. The scores are those of `belamy evaluate` with "
      "{}.\n\n{}",
      counted(asked.evaluate.samples, "sample"), notes);
  if (images) {
    page.figures.push_back({"Samples",
                            fmt::format("One row for each value of `{}`, in the order of the table.", key),
                            LabPicture{encode_png(image_grid(torch::cat(rows), asked.columns))}});
  }
  const auto table = table_of(key, points);
  page.figures.push_back({"Scores", "", table});
  const auto scores = measured_scores(points);
  const auto has = [&](const char* score) {
    return std::any_of(scores.begin(), scores.end(), [&](const auto& one) { return one.first == score; });
  };
  if (has("precision") && has("recall"))
    page.figures.push_back({"Quality against variety", "", trade_of(points)});
  for (const auto& [score, label] : scores)
    page.figures.push_back({label, "", chart_of(key, points, score, label)});
  page.command = command_of(asked);
  page.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  write_output(page_path, render_lab(page));

  auto lines = table.rows;
  lines.insert(lines.begin(), table.columns);
  fmt::print("{}{}the page is {}\n", in_columns(lines, 200), notes, page_path.string());
  return ExitCode::ok;
}

}  // namespace

void add_sweep(Verb program) {
  auto request = std::make_shared<SweepVerb>();
  auto verb = program.verb("sweep", "Sample a run with several values of a setting of use, and measure each");
  add_run(verb, request->run);
  verb.option("--over", request->over, "use.KEY=VALUE,VALUE,...: the setting of use and its values")
      .required();
  verb.option("-n,--samples", request->evaluate.samples, "Number of samples to judge for each value")
      .between(100, 1'000'000);
  verb.option("--measures", request->evaluate.measures,
              "Take only this measure; may be repeated [all measures of samples]");
  verb.option("--columns", request->columns, "Pictures in a row").between(1, 64);
  verb.option("--seed", request->evaluate.seed, "Seed of the samples");
  verb.option("--out", request->out, "Folder of the page, index.html");
  verb.does([request] { return sweep(*request); });
}

}  // namespace belamy::cli
