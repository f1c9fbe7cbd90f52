#include "report/report.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/version.h"
#include "embedded.h"

namespace belamy {

namespace {

constexpr std::size_t curve_limit = 2000;
constexpr std::size_t sample_limit = 40;
constexpr std::size_t sample_bytes_limit = 12 << 20;

/// 1234567 -> "1 234 567" with narrow no-break spaces.
std::string show_integer(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = digits[0] == '-' ? 1 : 0;
  if (digits.size() - first < 5) return digits;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, "\u202f");
  return digits;
}

std::string show_value(double value) {
  if (!std::isfinite(value)) return "–";
  if (std::abs(value) >= 1e4 && std::abs(value) < 1e15) return show_integer(std::llround(value));
  return fmt::format("{:.4g}", value);
}

std::string show_duration(double seconds) {
  if (!(seconds >= 0) || seconds > 1e12) return "–";
  const auto whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{:.3g} s", seconds);
  if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
  return fmt::format("{} h {} min", show_integer(whole / 3600), whole % 3600 / 60);
}

std::string data_uri(const std::string& png) {
  return "data:image/png;base64," + encode_base64(png);
}

/// Settings with tables, keys and comments marked for the style sheet, line by line.
std::string mark_toml(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size() - 1) + 1;
    const auto line = text.substr(0, length);
    text.remove_prefix(length);
    const auto equals = line.find(" = ");
    if (line[0] == '[' || line[0] == '#') {
      out += fmt::format("<b class=\"{}\">{}</b>", line[0] == '[' ? "table" : "comment", escape_html(line));
    } else if (equals != std::string_view::npos) {
      out += fmt::format("<b class=\"key\">{}</b>{}", escape_html(line.substr(0, equals)),
                         escape_html(line.substr(equals)));
    } else {
      out += escape_html(line);
    }
  }
  return out;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// A list of names and values; both are escaped here.
std::string definition_list(const std::string& css_class, const Pairs& pairs) {
  if (pairs.empty()) return "";
  std::string out = fmt::format("<dl class=\"{}\">\n", css_class);
  constexpr std::size_t wide = 40;  // letters that would make a narrow column of many lines
  for (const auto& [name, value] : pairs) {
    out += fmt::format("<div{}><dt>{}</dt><dd>{}</dd></div>\n", value.size() > wide ? " class=\"wide\"" : "",
                       escape_html(name), escape_html(value));
  }
  return out + "</dl>\n";
}

std::string glance(const ReportInput& input) {
  Pairs pairs;
  if (!input.facts.model.empty()) pairs.emplace_back("Model", input.facts.model);
  if (!input.facts.data.empty()) pairs.emplace_back("Data", input.facts.data);
  if (!input.metrics.empty()) {
    pairs.emplace_back("Steps", show_integer(input.metrics.back().step));
    pairs.emplace_back("Training time", show_duration(input.metrics.back().seconds));
  } else if (!input.samples.empty()) {
    pairs.emplace_back("Steps", show_integer(input.samples.back().step));
  }
  for (std::size_t i = 0; i < std::min<std::size_t>(3, input.facts.scores.size()); ++i) {
    const auto& score = input.facts.scores[i];
    pairs.emplace_back(score.name, show_value(score.value) + (score.unit.empty() ? "" : " " + score.unit));
  }
  return definition_list("glance", pairs);
}

/// The newest samples large, and with two or more a slider through all of them. The pictures of the strip are
/// the only copies that the slider uses.
std::string sample_player(const std::vector<ReportSample>& samples, const std::string& shown,
                          const Pairs& legend) {
  if (samples.empty()) return "";
  std::size_t bytes = 0;
  for (const auto& sample : samples) bytes += sample.png.size();
  const auto affordable =
      bytes <= sample_bytes_limit ? sample_limit : samples.size() * sample_bytes_limit / bytes;
  const auto kept = spread_indices(samples.size(), std::clamp<std::size_t>(affordable, 2, sample_limit));

  const auto& last = samples.back();
  const bool drawn = !legend.empty();  // a plot, whole and smooth at any size; else pixels of images
  std::string out = fmt::format(
      "<figure class=\"player\" id=\"player\">\n<div class=\"stage\"><img{2} id=\"shown\" "
      "alt=\"{3} at step {0}\" src=\"{1}\"></div>\n<figcaption>{3} at step <output id=\"shown-step\" "
      "for=\"slider\">{0}</output></figcaption>\n",
      show_integer(last.step), data_uri(last.png), drawn ? "" : " class=\"pixels\"", escape_html(shown));
  if (drawn) {
    out += "<ul class=\"meaning\">\n";
    for (const auto& [colour, meaning] : legend) {
      out += fmt::format("<li><span class=\"dot\" style=\"background:{}\"></span>{}</li>\n",
                         escape_html(colour), escape_html(meaning));
    }
    out += "</ul>\n";
  }
  if (kept.size() > 1) {
    out += fmt::format(
        "<div class=\"controls\"><button type=\"button\" id=\"play\">Play</button>"
        "<input type=\"range\" id=\"slider\" min=\"0\" max=\"{0}\" value=\"{0}\" "
        "aria-label=\"Step of the pictures\" aria-valuetext=\"step {1}\"></div>\n<ol class=\"strip{2}\" "
        "aria-label=\"{3} over time\">\n",
        kept.size() - 1, show_integer(last.step), drawn ? " drawn" : "", escape_html(shown));
    for (const auto index : kept) {
      const auto step = show_integer(samples[index].step);
      out += fmt::format("<li><img alt=\"Step {0}\" title=\"Step {0}\" data-step=\"{0}\" src=\"{1}\"></li>\n",
                         step, data_uri(samples[index].png));
    }
    out += "</ol>\n";
  }
  return out + "</figure>\n";
}

std::string messages(const std::vector<ReportMessage>& list) {
  if (list.empty()) return "";
  std::string out = "<ul class=\"messages\">\n";
  for (const auto& message : list) {
    out += fmt::format("<li><span class=\"at\">step {}</span> {}</li>\n", show_integer(message.step),
                       escape_html(message.text));
  }
  return out + "</ul>\n";
}

std::string score_table(const std::vector<ReportScore>& scores) {
  if (scores.empty()) return "";
  std::string out =
      "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Measure</th><th scope=\"col\">Value</th>"
      "<th scope=\"col\">Note</th></tr></thead>\n<tbody>\n";
  for (const auto& score : scores) {
    out += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{} <span class=\"unit\">{}</span></td>"
        "<td class=\"note\">{}</td></tr>\n",
        escape_html(score.name), show_value(score.value), escape_html(score.unit), escape_html(score.note));
  }
  return out + "</tbody>\n</table></div>\n";
}

std::string pictures(const std::vector<ReportPicture>& list) {
  if (list.empty()) return "";
  std::string out = "<div class=\"pictures\">\n";
  for (const auto& picture : list) {
    const auto caption = escape_html(picture.caption);
    out += fmt::format(
        "<figure><div class=\"stage\"><img class=\"pixels\" alt=\"{0}\" src=\"{1}\"></div>"
        "<figcaption>{0}</figcaption></figure>\n",
        caption, data_uri(picture.png));
  }
  return out + "</div>\n";
}

std::string preformatted(const std::string& label, const std::string& html) {
  if (html.empty()) return "";
  return fmt::format("<pre tabindex=\"0\" role=\"region\" aria-label=\"{}\"><code>{}</code></pre>\n", label,
                     html);
}

/// Numbers of six digits are exact enough for a picture and keep the file small.
template <typename Show>
std::string number_array(const std::vector<CurvePoint>& points, Show show) {
  std::string out = "[";
  for (const auto& point : points) {
    const double number = show(point);
    if (out.size() > 1) out += ',';
    out += std::isfinite(number) ? fmt::format("{:.6g}", number) : "null";
  }
  return out + "]";
}

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// The curves for report.js. Inside a script element only '<' could end or bend it.
std::string curves_json(const std::vector<CurveGroup>& groups) {
  std::string out = "[";
  for (const auto& group : groups) {
    out += fmt::format("{}{{\"name\":{},\"curves\":[", out.size() > 1 ? ",\n" : "", json_string(group.name));
    for (std::size_t i = 0; i < group.curves.size(); ++i) {
      const auto& curve = group.curves[i];
      const auto points = thin_curve(curve.points, curve_limit);
      std::string steps;
      for (const auto& point : points) steps += (steps.empty() ? "" : ",") + std::to_string(point.step);
      out += fmt::format("{}{{\"name\":{},\"step\":[{}],\n\"seconds\":{},\n\"value\":{}", i > 0 ? ",\n" : "",
                         json_string(curve.name), steps,
                         number_array(points, [](const CurvePoint& point) { return point.seconds; }),
                         number_array(points, [](const CurvePoint& point) { return point.value; }));
      if (points.size() < curve.points.size()) {
        out += fmt::format(",\n\"mean\":{}",
                           number_array(points, [](const CurvePoint& point) { return point.mean; }));
      }
      out += "}";
    }
    out += "]}";
  }
  out += "]";
  std::string safe;
  for (const char c : out) c == '<' ? safe += "\\u003c" : safe += c;
  return safe;
}

std::string curves(const std::string& json) {
  if (json == "[]") return "";
  return "<fieldset class=\"axis\"><legend>Horizontal axis</legend>"
         "<label><input type=\"radio\" name=\"axis\" value=\"step\" checked> Steps</label>"
         "<label><input type=\"radio\" name=\"axis\" value=\"seconds\"> Time</label></fieldset>\n"
         "<noscript><p>The curves are drawn by a script inside this file, and scripts are switched "
         "off.</p></noscript>\n"
         "<div class=\"charts\" id=\"charts\"></div>\n";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string link_addresses(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto start = std::min(text.find("https://"), text.find("http://"));
    out += escape_html(text.substr(0, start));
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    auto address = text.substr(0, text.find_first_of(" \t\n<>\""));
    while (std::string_view(".,;:)").find(address.back()) != std::string_view::npos) address.remove_suffix(1);
    const auto escaped = escape_html(address);
    out += fmt::format("<a href=\"{0}\" rel=\"noreferrer\">{0}</a>", escaped);
    text.remove_prefix(address.size());
  }
  return out;
}

std::string encode_base64(std::string_view bytes) {
  static constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t at) {
      return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u;
    };
    const unsigned group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    out += digits[group >> 18];
    out += digits[group >> 12 & 63];
    out += i + 1 < bytes.size() ? digits[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? digits[group & 63] : '=';
  }
  return out;
}

std::vector<std::size_t> spread_indices(std::size_t count, std::size_t limit) {
  const auto kept = std::min(count, limit);
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < kept; ++i) {
    indices.push_back(kept == 1 ? 0 : (i * (count - 1) + (kept - 1) / 2) / (kept - 1));
  }
  return indices;
}

std::vector<CurvePoint> thin_curve(const std::vector<CurvePoint>& points, std::size_t limit) {
  if (points.size() <= limit) return points;
  const std::size_t buckets = (limit - 2) / 2;
  const std::size_t inner = points.size() - 2;
  std::vector<CurvePoint> out{points.front()};
  for (std::size_t bucket = 0; bucket < buckets; ++bucket) {
    const std::size_t begin = 1 + bucket * inner / buckets;
    const std::size_t end = 1 + (bucket + 1) * inner / buckets;
    const std::size_t none = end;
    std::size_t low = none, high = none, gap = none;
    double sum = 0;
    int count = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(points[i].value)) {
        gap = i;
        continue;
      }
      sum += points[i].value;
      ++count;
      if (low == none || points[i].value < points[low].value) low = i;
      if (high == none || points[i].value > points[high].value) high = i;
    }
    std::vector<std::size_t> chosen{low, high, gap};
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    for (const auto i : chosen) {
      if (i == none) continue;
      out.push_back(points[i]);
      if (i != gap) out.back().mean = sum / count;
    }
  }
  out.push_back(points.back());
  return out;
}

std::vector<CurveGroup> group_curves(const std::vector<RunFolder::MetricRow>& rows) {
  const auto named = [](auto& list, const std::string& name) -> auto& {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const auto& item) { return item.name == name; });
    if (found != list.end()) return *found;
    list.push_back({name, {}});
    return list.back();
  };
  std::vector<CurveGroup> groups;
  for (const auto& row : rows) {
    for (const auto& [name, value] : row.values) {
      const auto slash = name.find('/');
      auto& group = named(groups, slash == std::string::npos ? "other" : name.substr(0, slash));
      auto& curve = named(group.curves, slash == std::string::npos ? name : name.substr(slash + 1));
      curve.points.push_back({row.step, row.seconds, value, value});
    }
  }
  std::stable_partition(groups.begin(), groups.end(), [](const auto& group) { return group.name == "loss"; });
  return groups;
}

std::string render_report(const ReportInput& input) {
  const auto& facts = input.facts;
  const auto title = escape_html(facts.title.empty() ? "Training run" : facts.title);
  const auto json = curves_json(group_curves(input.metrics));
  std::string commands;
  for (const auto& command : facts.commands) commands += escape_html(command) + "\n";

  struct Section {
    const char* id;
    const char* heading;
    std::string body;
  };
  const Section sections[] = {
      {"messages", "Messages", messages(facts.messages)},
      {"curves", "Curves", curves(json)},
      {"evaluation", "Evaluation", score_table(facts.scores)},
      {"pictures", "Pictures", pictures(facts.pictures)},
      {"repeat", "How to repeat this run", preformatted("Commands", commands)},
      {"settings", "Settings", preformatted("Settings", mark_toml(input.settings))},
      {"environment", "Environment", definition_list("environment", facts.environment)},
  };
  std::string navigation, body;
  for (const auto& section : sections) {
    if (section.body.empty()) continue;
    navigation += fmt::format("<a href=\"#{}\">{}</a>\n", section.id, section.heading);
    body += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-heading\">\n<h2 id=\"{0}-heading\">{1}</h2>\n{2}"
        "</section>\n",
        section.id, section.heading, section.body);
  }

  std::string page = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{} – Belamy</title>\n<style>\n{}</style>\n</head>\n<body>\n",
      title, embedded_report_css);
  page += fmt::format("<header>\n<div>\n<h1>{}</h1>\n", title);
  if (!facts.summary.empty())
    page += fmt::format("<p class=\"summary\">{}</p>\n", escape_html(facts.summary));
  page += fmt::format("</div>\n{}<div>\n{}", sample_player(input.samples, facts.shown, facts.legend),
                      glance(input));
  if (!facts.citation.empty())
    page += fmt::format("<p class=\"citation\">{}</p>\n", link_addresses(facts.citation));
  if (!navigation.empty()) page += fmt::format("<nav aria-label=\"Sections\">\n{}</nav>\n", navigation);
  page += fmt::format("</div>\n</header>\n<main>\n{}</main>\n", body);
  page += fmt::format("<footer>Written by Belamy {} ({}). This file makes no network request.</footer>\n",
                      version(), commit());
  // Nobody should have to load the chart library for a page without charts.
  if (json != "[]") {
    page +=
        fmt::format("<script type=\"application/json\" id=\"curves-data\">{}</script>\n<script>{}</script>\n",
                    json, embedded_chart_js);
  }
  page += fmt::format("<script>\n{}</script>\n</body>\n</html>\n", embedded_report_js);
  return page;
}

void write_report(RunFolder& run, const ReportFacts& facts) {
  ReportInput input{facts, run.read_metrics(), {}, run.read_settings()};
  const auto samples = run.samples();
  for (const auto index : spread_indices(samples.size(), sample_limit)) {
    input.samples.push_back({samples[index].first, run.env().read(samples[index].second)});
  }
  run.write_file("report.html", render_report(input));
}

}  // namespace belamy
