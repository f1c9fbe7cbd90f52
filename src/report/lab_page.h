// The page of a lab: its text, what was claimed and measured, and figures, in one HTML file that needs no
// network.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace belamy {

/// Points of a chart. A value that is not finite is a gap in a line.
struct LabSeries {
  enum class Style { line, points, steps, field };  ///< field: thin and grey, as lab_arrows draws
  std::string name;
  std::vector<double> x, y;  ///< of one length
  Style style = Style::line;
  bool dashed = false;
};

/// Arrows from (x, y) along (u, v) as strokes of one series; the longest is as long as `length`, in the axes'
/// unit.
LabSeries lab_arrows(const std::string& name, const std::vector<double>& x, const std::vector<double>& y,
                     const std::vector<double>& u, const std::vector<double>& v, double length);

struct LabAxis {
  std::string title;  ///< with its unit: "training step", "distance (pixels)"
  bool logarithmic = false;
  double low = std::numeric_limits<double>::quiet_NaN();   ///< not finite: from the data
  double high = std::numeric_limits<double>::quiet_NaN();  ///< not finite: from the data
};

/// What a chart shows at one place of its slider.
struct LabFrame {
  std::string name;  ///< "step 12"
  std::vector<LabSeries> series;
};

struct LabChart {
  LabAxis x, y;
  std::vector<LabSeries> series;
  std::vector<LabFrame> frames;  ///< where not empty, a slider chooses which one is drawn beside `series`
  bool square = false;           ///< both axes of one length: for planes and vector fields
};

struct LabTable {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< cells are Markdown, formulas included
};

struct LabPicture {
  std::string png;  ///< the file's bytes
};

struct LabFigure {
  std::string title, caption;  ///< Markdown, formulas included; the caption may be empty
  std::variant<LabChart, LabTable, LabPicture> body;
};

struct LabVerdict {
  enum class Kind { holds, fails, skipped };
  std::string claim, expected, measured;
  Kind kind = Kind::fails;
};

struct LabPage {
  std::string title;
  std::string source;  ///< the slide and the paper; its http(s) addresses become links
  std::string text;    ///< Markdown with $...$ and $$...$$; no HTML
  std::vector<LabVerdict> verdicts;
  std::vector<LabFigure> figures;
  struct Setting {
    std::string key, value, help;
  };
  std::vector<Setting> settings;
  std::string command;  ///< how to run it again
  double seconds = 0;
};

/// The page. A content security policy in it forbids every request; without scripts text, claims, tables and
/// pictures still show, formulas as TeX.
std::string render_lab(const LabPage& page);
/// What the title of each such page ends with.
inline constexpr std::string_view lab_page_mark = " – Belamy lab</title>";

/// CommonMark with tables; HTML in it is text. Formulas become <x-equation> elements that hold TeX.
std::string render_markdown(std::string_view text);

/// KaTeX's style sheet with its fonts inside; those that are not embedded (Fraktur, script, ...) are left
/// out.
std::string katex_style();

}  // namespace belamy
