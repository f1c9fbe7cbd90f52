#include "report/lab_page.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <md4c-html.h>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/base64.h"
#include "core/progress.h"
#include "core/text.h"
#include "embedded.h"
#include "report/page.h"

namespace belamy {
namespace {

using Json = nlohmann::json;
using mustache::list;
using mustache::object;

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

Json numbers(const std::vector<double>& values) {
  auto list = Json::array();
  for (const double value : values) list.push_back(Json(short_number(value)));
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

object table(const LabTable& table) {
  constexpr std::size_t whole = 13;  // letters of a cell that stays in one line, such as "± 0.012"
  list columns, rows;
  for (const auto& column : table.columns) columns.push_back(inline_markdown(column));
  for (const auto& row : table.rows) {
    list cells;
    for (const auto& cell : row)
      cells.push_back(object{{"cell", inline_markdown(cell)}, {"whole", cell.size() <= whole}});
    rows.push_back(object{{"cells", cells}});
  }
  return {{"columns", columns}, {"rows", rows}};
}

object figure(const LabFigure& figure, Json& charts) {
  object made{{"heading", inline_markdown(figure.title)}};
  if (const auto* chart = std::get_if<LabChart>(&figure.body)) {
    made["chart"] = std::to_string(charts.size());
    charts.push_back(to_json(*chart, figure.title));
  } else if (const auto* cells = std::get_if<LabTable>(&figure.body)) {
    made["wide"] = cells->columns.size() > 6;
    made["table"] = table(*cells);
  } else {
    made["picture"] =
        object{{"alt", figure.title}, {"png", encode_base64(std::get<LabPicture>(figure.body).png)}};
  }
  if (!figure.caption.empty()) made["caption"] = inline_markdown(figure.caption);
  return made;
}

list verdict_list(const std::vector<LabVerdict>& verdicts) {
  list made;
  for (const auto& verdict : verdicts) {
    const std::string kind = verdict.kind == LabVerdict::Kind::holds     ? "holds"
                             : verdict.kind == LabVerdict::Kind::skipped ? "skipped"
                                                                         : "fails";
    made.push_back(object{{"claim", inline_markdown(verdict.claim)},
                          {"expected", verdict.expected},
                          {"measured", verdict.measured},
                          {"kind", kind}});
  }
  return made;
}

std::string summary(const LabPage& page) {
  const auto count = [&](LabVerdict::Kind kind) {
    return std::count_if(page.verdicts.begin(), page.verdicts.end(),
                         [&](const LabVerdict& verdict) { return verdict.kind == kind; });
  };
  const auto skipped = count(LabVerdict::Kind::skipped);
  const auto judged = static_cast<std::ptrdiff_t>(page.verdicts.size()) - skipped;
  return fmt::format("{} of {} {}{}, measured in {}", count(LabVerdict::Kind::holds),
                     counted(judged, "claim"), judged == 1 ? "holds" : "hold",
                     skipped > 0 ? fmt::format(" ({} skipped)", skipped) : "", format_duration(page.seconds));
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
  mustache::data values;
  values["title"] = page.title;
  values["title_end"] = " – Belamy lab";  // with what follows in page.html, this is lab_page_mark
  values["fonts"] = true;
  values["style"] = fmt::format("{}\n{}\n{}\n{}", katex_style(), embedded_colours_css, embedded_report_css,
                                embedded_lab_css);
  values["links"] = links_in(page.source);
  if (!page.text.empty()) values["text"] = render_markdown(page.text);
  if (!page.verdicts.empty()) {
    values["summary"] = summary(page);
    values["claims"] = object{{"verdicts", verdict_list(page.verdicts)}};
  }
  auto charts = Json::array();
  list figures;
  for (const auto& one : page.figures) figures.push_back(figure(one, charts));
  if (!figures.empty()) values["figures"] = object{{"list", figures}};
  object settings;
  if (!page.settings.empty()) {
    list rows;
    for (const auto& [key, value, help] : page.settings)
      rows.push_back(object{{"key", key}, {"value", value}, {"help", inline_markdown(help)}});
    settings["table"] = object{{"list", rows}};
  }
  if (!page.command.empty()) settings["command"] = page.command;
  if (!settings.empty()) values["settings"] = settings;

  list scripts{script(embedded_katex_js)};
  if (!charts.empty()) {
    scripts.push_back(script("lab-charts", charts));
    scripts.push_back(script(embedded_chart_js));
    scripts.push_back(script(embedded_charts_js));
  }
  scripts.push_back(script(embedded_lab_js));
  values["scripts"] = scripts;
  return render_page(embedded_lab_html, values);
}

}  // namespace belamy
