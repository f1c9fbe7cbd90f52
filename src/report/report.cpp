#include "report/report.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base64.h"
#include "core/progress.h"
#include "core/text.h"
#include "embedded.h"
#include "report/curves.h"
#include "report/page.h"

namespace belamy {

namespace {

using mustache::list;
using mustache::object;

constexpr std::size_t curve_limit = 2000;
constexpr std::size_t sample_limit = 40;
constexpr std::size_t sample_bytes_limit = 12 << 20;

std::string show_value(double value) {
  if (!std::isfinite(value)) return "–";
  if (std::abs(value) >= 1e4 && std::abs(value) < 1e15) return format_count(std::llround(value));
  return fmt::format("{:.4g}", value);
}

/// Settings with tables, keys and comments marked for the style sheet, line by line.
list mark_toml(std::string_view text) {
  list lines;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size() - 1) + 1;
    const auto line = text.substr(0, length);
    text.remove_prefix(length);
    const auto equals = line.find(" = ");
    std::string mark;
    auto marked = line.size();
    if (line[0] == '[') {
      mark = "table";
    } else if (line[0] == '#') {
      mark = "comment";
    } else if (equals != std::string_view::npos) {
      mark = "key";
      marked = equals;
    } else {
      marked = 0;
    }
    object item{{"marked", std::string(line.substr(0, marked))}, {"plain", std::string(line.substr(marked))}};
    if (!mark.empty()) item["mark"] = mark;
    lines.push_back(item);
  }
  return lines;
}

list fact_list(const std::vector<std::pair<std::string, std::string>>& pairs) {
  constexpr std::size_t wide = 40;  // letters that would make a narrow column of many lines
  list facts;
  for (const auto& [name, value] : pairs)
    facts.push_back(object{{"name", name}, {"value", value}, {"wide", value.size() > wide}});
  return facts;
}

list glance(const ReportInput& input) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (!input.facts.model.empty()) pairs.emplace_back("Model", input.facts.model);
  if (!input.facts.data.empty()) pairs.emplace_back("Data", input.facts.data);
  if (!input.metrics.empty()) {
    pairs.emplace_back("Steps", format_count(input.metrics.back().step));
    pairs.emplace_back("Training time", format_duration(input.metrics.back().seconds));
  } else if (!input.samples.empty()) {
    pairs.emplace_back("Steps", format_count(input.samples.back().step));
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(3, input.facts.scores.size()); ++i) {
    const auto& score = input.facts.scores[i];
    pairs.emplace_back(score.name, show_value(score.value) + (score.unit.empty() ? "" : " " + score.unit));
  }
  return fact_list(pairs);
}

/// The newest samples large, and with two or more a slider through all of them. The pictures of the strip are
/// the only copies that the slider uses.
object sample_player(const std::vector<ReportSample>& samples, const ReportFacts& facts) {
  std::size_t bytes = 0;
  for (const auto& sample : samples) bytes += sample.png.size();
  const auto affordable =
      bytes <= sample_bytes_limit ? sample_limit : samples.size() * sample_bytes_limit / bytes;
  const auto kept = spread_indices(samples.size(), std::clamp<std::size_t>(affordable, 2, sample_limit));

  const auto frame = [](const ReportSample& sample) {
    return object{{"step", format_count(sample.step)}, {"png", encode_base64(sample.png)}};
  };
  auto player = frame(samples.back());
  player["shown"] = facts.shown;
  if (!facts.legend.empty()) {  // a plot, whole and smooth at any size; else pixels of images
    list colours;
    for (const auto& [colour, meaning] : facts.legend)
      colours.push_back(object{{"colour", colour}, {"meaning", meaning}});
    player["legend"] = object{{"colours", colours}};
  }
  if (kept.size() > 1) {
    list frames;
    for (const auto index : kept) frames.push_back(frame(samples[index]));
    player["slider"] = object{{"last", std::to_string(kept.size() - 1)}, {"frames", frames}};
  }
  return player;
}

}  // namespace

std::vector<std::size_t> spread_indices(std::size_t count, std::size_t limit) {
  const auto kept = std::min(count, limit);
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < kept; ++i) {
    indices.push_back(kept == 1 ? 0 : (i * (count - 1) + (kept - 1) / 2) / (kept - 1));
  }
  return indices;
}

std::string render_report(const ReportInput& input) {
  const auto& facts = input.facts;
  mustache::data page;
  page["title"] = facts.title.empty() ? "Training run" : facts.title;
  page["title_end"] = " – Belamy";
  page["style"] = fmt::format("{}\n{}", embedded_colours_css, embedded_report_css);
  if (!facts.summary.empty()) page["summary"] = facts.summary;
  if (!input.samples.empty()) page["player"] = sample_player(input.samples, facts);
  if (auto pairs = glance(input); !pairs.empty()) page["glance"] = object{{"facts", pairs}};
  if (!facts.citation.empty()) page["citation"] = object{{"links", links_in(facts.citation)}};

  object sections;
  if (!facts.messages.empty()) {
    list items;
    for (const auto& message : facts.messages)
      items.push_back(object{{"step", format_count(message.step)}, {"text", message.text}});
    sections["messages"] = object{{"list", items}};
  }
  list scripts;
  if (const auto curves = curves_json(group_curves(input.metrics), curve_limit); !curves.empty()) {
    sections["curves"] = true;
    scripts.push_back(script("curves-data", curves));
    // Nobody should have to load the chart library for a page without charts.
    scripts.push_back(script(embedded_chart_js));
    scripts.push_back(script(embedded_charts_js));
  }
  scripts.push_back(script(embedded_report_js));
  page["scripts"] = scripts;
  if (!facts.scores.empty()) {
    list scores;
    for (const auto& score : facts.scores) {
      scores.push_back(object{{"name", score.name},
                              {"value", show_value(score.value)},
                              {"unit", score.unit},
                              {"note", score.note}});
    }
    sections["evaluation"] = object{{"scores", scores}};
  }
  if (!facts.pictures.empty()) {
    list pictures;
    for (const auto& picture : facts.pictures)
      pictures.push_back(object{{"caption", picture.caption}, {"png", encode_base64(picture.png)}});
    sections["pictures"] = object{{"list", pictures}};
  }
  if (!facts.commands.empty())
    sections["repeat"] = object{{"commands", fmt::format("{}\n", fmt::join(facts.commands, "\n"))}};
  if (!input.settings.empty()) sections["settings"] = object{{"lines", mark_toml(input.settings)}};
  if (!facts.environment.empty()) sections["environment"] = object{{"facts", fact_list(facts.environment)}};
  if (!sections.empty()) page["sections"] = sections;
  return render_page(embedded_run_html, page);
}

void write_report(RunFolder& run, const ReportFacts& facts) {
  ReportInput input{facts, run.read_metrics(), {}, run.read_settings()};
  const auto samples = run.samples();
  for (const auto index : spread_indices(samples.size(), sample_limit)) {
    input.samples.push_back({samples[index].first, run.env().read(samples[index].second)});
  }
  run.write_file(RunFolder::report_file, render_report(input));
}

}  // namespace belamy
