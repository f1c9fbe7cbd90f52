#include "report/lab_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <md4c-html.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/progress.h"
#include "core/version.h"
#include "embedded.h"
#include "report/report.h"

namespace belamy {
namespace {

using Json = nlohmann::json;

struct Font {
  std::string_view file, bytes;
};
const std::array<Font, 11>& fonts() {
  static const std::array<Font, 11> all = {{
      {"KaTeX_AMS-Regular", embedded_katex_ams_regular},
      {"KaTeX_Caligraphic-Regular", embedded_katex_caligraphic_regular},
      {"KaTeX_Main-Bold", embedded_katex_main_bold},
      {"KaTeX_Main-Italic", embedded_katex_main_italic},
      {"KaTeX_Main-Regular", embedded_katex_main_regular},
      {"KaTeX_Math-BoldItalic", embedded_katex_math_bolditalic},
      {"KaTeX_Math-Italic", embedded_katex_math_italic},
      {"KaTeX_Size1-Regular", embedded_katex_size1_regular},
      {"KaTeX_Size2-Regular", embedded_katex_size2_regular},
      {"KaTeX_Size3-Regular", embedded_katex_size3_regular},
      {"KaTeX_Size4-Regular", embedded_katex_size4_regular},
  }};
  return all;
}

/// "<p>text</p>\n" -> "text": captions and cells stand in elements of their own.
std::string inline_markdown(const std::string& text) {
  auto html = render_markdown(text);
  while (!html.empty() && html.back() == '\n') html.pop_back();
  const std::string open = "<p>", close = "</p>";
  if (html.starts_with(open) && html.ends_with(close) && html.find(open, 1) == std::string::npos)
    return html.substr(open.size(), html.size() - open.size() - close.size());
  return html;
}

/// Six digits are exact enough for a picture and keep the file small.
Json numbers(const std::vector<double>& values) {
  auto list = Json::array();
  for (const double value : values) {
    if (std::isfinite(value)) {
      list.push_back(std::stod(fmt::format("{:.6g}", value)));
    } else {
      list.push_back(nullptr);
    }
  }
  return list;
}

Json to_json(const std::vector<LabSeries>& series) {
  static constexpr const char* styles[] = {"line", "points", "steps", "field"};
  auto list = Json::array();
  for (const auto& one : series) {
    if (one.x.size() != one.y.size())
      throw std::logic_error(
          fmt::format("series '{}' has {} x and {} y", one.name, one.x.size(), one.y.size()));
    list.push_back({{"name", one.name},
                    {"style", styles[static_cast<int>(one.style)]},
                    {"dashed", one.dashed},
                    {"x", numbers(one.x)},
                    {"y", numbers(one.y)}});
  }
  return list;
}

Json to_json(const LabAxis& axis) {
  Json made = {{"title", axis.title}, {"log", axis.logarithmic}};
  if (std::isfinite(axis.low)) made["low"] = axis.low;
  if (std::isfinite(axis.high)) made["high"] = axis.high;
  return made;
}

Json to_json(const LabChart& chart, const std::string& title) {
  auto frames = Json::array();
  for (const auto& frame : chart.frames) {
    frames.push_back({{"name", frame.name}, {"series", to_json(frame.series)}});
  }
  return {{"title", title},         {"x", to_json(chart.x)}, {"y", to_json(chart.y)},
          {"square", chart.square}, {"frames", frames},      {"series", to_json(chart.series)}};
}

std::string table(const LabTable& table) {
  constexpr std::size_t whole = 13;  // letters of a cell that stays in one line, such as "± 0.012"
  std::string out = "<div class=\"scroll\"><table class=\"cells\">\n<thead><tr>";
  for (const auto& column : table.columns)
    out += fmt::format("<th scope=\"col\">{}</th>", inline_markdown(column));
  out += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const auto& cell : row)
      out +=
          fmt::format("<td{}>{}</td>", cell.size() <= whole ? " class=\"whole\"" : "", inline_markdown(cell));
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table></div>\n";
}

std::string figure(const LabFigure& figure, Json& charts) {
  const auto* cells = std::get_if<LabTable>(&figure.body);
  const bool wide = cells && cells->columns.size() > 6;
  auto out = fmt::format("<figure class=\"lab-figure{}\">\n<h3>{}</h3>\n", wide ? " wide" : "",
                         inline_markdown(figure.title));
  if (const auto* chart = std::get_if<LabChart>(&figure.body)) {
    out += fmt::format("<div class=\"lab-chart\" data-chart=\"{}\"></div>\n", charts.size());
    charts.push_back(to_json(*chart, figure.title));
  } else if (cells) {
    out += table(*cells);
  } else {
    out += fmt::format("<div class=\"stage\"><img alt=\"{}\" src=\"data:image/png;base64,{}\"></div>\n",
                       escape_html(figure.title), encode_base64(std::get<LabPicture>(figure.body).png));
  }
  if (!figure.caption.empty())
    out += fmt::format("<figcaption>{}</figcaption>\n", inline_markdown(figure.caption));
  return out + "</figure>\n";
}

std::string verdict_table(const std::vector<LabVerdict>& verdicts) {
  std::string out =
      "<div class=\"scroll\"><table class=\"verdicts\">\n<thead><tr><th scope=\"col\">Claim</th>"
      "<th scope=\"col\">Expected</th><th scope=\"col\">Measured</th><th scope=\"col\"></th></tr></thead>\n"
      "<tbody>\n";
  for (const auto& verdict : verdicts) {
    const bool holds = verdict.kind == LabVerdict::Kind::holds;
    const bool skipped = verdict.kind == LabVerdict::Kind::skipped;
    out += fmt::format(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td><span class=\"{}\">{}</span></td></tr>\n",
        inline_markdown(verdict.claim), escape_html(verdict.expected), escape_html(verdict.measured),
        holds     ? "holds"
        : skipped ? "skipped"
                  : "fails",
        holds     ? "holds"
        : skipped ? "skipped"
                  : "fails");
  }
  return out + "</tbody>\n</table></div>\n";
}

std::string setting_table(const LabPage& page) {
  std::string out;
  if (!page.settings.empty()) {
    out +=
        "<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">Setting</th><th scope=\"col\">Value</th>"
        "<th scope=\"col\">Meaning</th></tr></thead>\n<tbody>\n";
    for (const auto& [key, value, help] : page.settings) {
      out += fmt::format(
          "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td class=\"note\">{}</td></tr>\n",
          escape_html(key), escape_html(value), inline_markdown(help));
    }
    out += "</tbody>\n</table></div>\n";
  }
  if (!page.command.empty()) out += fmt::format("<pre><code>{}</code></pre>\n", escape_html(page.command));
  return out;
}

std::string summary(const LabPage& page) {
  const auto count = [&](LabVerdict::Kind kind) {
    return std::count_if(page.verdicts.begin(), page.verdicts.end(),
                         [&](const LabVerdict& verdict) { return verdict.kind == kind; });
  };
  const auto skipped = count(LabVerdict::Kind::skipped);
  return fmt::format("{} of {} claims hold{}, measured in {}", count(LabVerdict::Kind::holds),
                     static_cast<std::ptrdiff_t>(page.verdicts.size()) - skipped,
                     skipped > 0 ? fmt::format(" ({} skipped)", skipped) : "", show_seconds(page.seconds));
}

/// Inside a script element only '<' could end or bend it.
std::string script_json(const Json& json) {
  std::string safe;
  for (const char c : json.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    c == '<' ? safe += "\\u003c" : safe += c;
  }
  return safe;
}

}  // namespace

LabSeries lab_arrows(const std::string& name, const std::vector<double>& x, const std::vector<double>& y,
                     const std::vector<double>& u, const std::vector<double>& v, double length) {
  double longest = 0;
  for (std::size_t i = 0; i < u.size(); ++i) longest = std::max(longest, std::hypot(u[i], v[i]));
  LabSeries series{name, {}, {}, LabSeries::Style::field};
  const auto stroke = [&](double px, double py) {
    series.x.push_back(px);
    series.y.push_back(py);
  };
  const double gap = std::numeric_limits<double>::quiet_NaN();
  for (std::size_t i = 0; i < x.size() && longest > 0; ++i) {
    // By the square root, so that slow places keep a direction to be seen.
    const double size = std::hypot(u[i], v[i]),
                 scale = size > 0 ? length * std::sqrt(size / longest) / size : 0;
    const double dx = u[i] * scale, dy = v[i] * scale, tip_x = x[i] + dx, tip_y = y[i] + dy;
    stroke(x[i], y[i]);
    stroke(tip_x, tip_y);
    stroke(tip_x - 0.35 * dx + 0.2 * dy, tip_y - 0.35 * dy - 0.2 * dx);
    stroke(gap, gap);
    stroke(tip_x, tip_y);
    stroke(tip_x - 0.35 * dx - 0.2 * dy, tip_y - 0.35 * dy + 0.2 * dx);
    stroke(gap, gap);
  }
  return series;
}

std::string show_seconds(double seconds) {
  return seconds < 10 ? fmt::format("{:.2g} s", seconds) : format_duration(seconds);
}

namespace {

// Versions of md4c differ in whether the line ends beside $$ are part of the formula.
std::string without_blanks_around_formulas(const std::string& html) {
  const std::string_view open = "<x-equation", close = "</x-equation>";
  std::string out;
  std::size_t at = 0;
  for (auto start = html.find(open); start != std::string::npos; start = html.find(open, at)) {
    const auto first = html.find('>', start) + 1, last = html.find(close, first);
    const auto begin = std::min(html.find_first_not_of(' ', first), last);
    const auto end = html.find_last_not_of(' ', last - 1) + 1;
    out += html.substr(at, first - at);
    if (begin < end) out += html.substr(begin, end - begin);
    at = last;
  }
  return out + html.substr(at);
}

}  // namespace

std::string render_markdown(std::string_view text) {
  std::string html;
  const auto append = [](const MD_CHAR* bytes, MD_SIZE size, void* out) {
    static_cast<std::string*>(out)->append(bytes, size);
  };
  if (md_html(text.data(), static_cast<MD_SIZE>(text.size()), append, &html,
              MD_FLAG_TABLES | MD_FLAG_LATEXMATHSPANS | MD_FLAG_NOHTML, 0) != 0)
    throw std::runtime_error("md4c could not render a text");
  return without_blanks_around_formulas(html);
}

std::string katex_style() {
  const auto sheet = embedded_katex_css;
  const std::string_view face = "@font-face{", open = "src:url(fonts/";
  std::string out;
  for (std::size_t at = 0; at < sheet.size();) {
    const auto start = sheet.find(face, at);
    out += sheet.substr(at, start - at);
    if (start == std::string_view::npos) break;
    const auto end = sheet.find('}', start);
    const auto block = sheet.substr(start, end - start);
    at = end + 1;
    const auto source = block.find(open);
    const auto rest = block.find(';', source);
    for (const auto& font : fonts()) {
      if (block.substr(source + open.size()).starts_with(std::string(font.file) + ".woff2")) {
        out += fmt::format("{}src:url(data:font/woff2;base64,{}) format(\"woff2\"){}}}",
                           block.substr(0, source), encode_base64(font.bytes), block.substr(rest));
      }
    }
  }
  return out;
}

std::string render_lab(const LabPage& page) {
  auto charts = Json::array();
  std::string figures;
  for (const auto& one : page.figures) figures += figure(one, charts);
  if (!figures.empty()) {
    figures =
        "<noscript><p>Charts and formulas are drawn by a script inside this file, and scripts are switched "
        "off.</p></noscript>\n<div class=\"lab-figures\">\n" +
        figures + "</div>\n";
  }
  struct Section {
    const char *id, *heading;
    std::string body;
  };
  const Section sections[] = {
      {"claims", "Claims", page.verdicts.empty() ? "" : verdict_table(page.verdicts)},
      {"figures", "Figures", figures},
      {"settings", "Settings", setting_table(page)},
  };
  std::string navigation, body;
  for (const auto& [id, heading, html] : sections) {
    if (html.empty()) continue;
    navigation += fmt::format("<a href=\"#{}\">{}</a>\n", id, heading);
    body += fmt::format(
        "<section id=\"{0}\" aria-labelledby=\"{0}-heading\">\n<h2 "
        "id=\"{0}-heading\">{1}</h2>\n{2}</section>\n",
        id, heading, html);
  }
  const auto title = escape_html(page.title);
  auto out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; font-src "
      "data:; "
      "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{}{}\n<style>\n{}\n{}\n{}</style>\n</head>\n<body>\n",
      title, lab_page_mark, katex_style(), embedded_report_css, embedded_lab_css);
  out += fmt::format(
      "<header>\n<div>\n<h1>{}</h1>\n<p class=\"summary\">{}</p>\n<p class=\"source\">{}</p>\n<nav "
      "aria-label=\"Sections\">\n{}"
      "</nav>\n</div>\n</header>\n<main>\n",
      title, page.verdicts.empty() ? "" : summary(page), link_addresses(page.source), navigation);
  if (!page.text.empty()) out += fmt::format("<article>\n{}</article>\n", render_markdown(page.text));
  out += fmt::format(
      "{}</main>\n<footer>Written by Belamy {} ({}). This file makes no network request.</footer>\n", body,
      version(), commit());
  out += fmt::format("<script>{}</script>\n", embedded_katex_js);
  if (!charts.empty()) {
    out +=
        fmt::format("<script type=\"application/json\" id=\"lab-charts\">{}</script>\n<script>{}</script>\n",
                    script_json(charts), embedded_chart_js);
  }
  return out + fmt::format("<script>\n{}</script>\n</body>\n</html>\n", embedded_lab_js);
}

}  // namespace belamy
