// The report of one training run: one HTML file that needs no server and no network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/scores.h"
#include "store/run_folder.h"

namespace belamy {

/// A picture with the line below it.
struct ReportPicture {
  std::string caption;
  std::string png;  ///< the file's bytes
};

/// The samples drawn at one step, as one picture.
struct ReportSample {
  std::int64_t step = 0;
  std::string png;  ///< the file's bytes
};

/// Something worth a look that was noticed in training.
struct ReportMessage {
  std::int64_t step = 0;
  std::string text;
};

/// One line of an evaluation.
struct ReportScore {
  std::string key;   ///< "classification-error" (report/scores.def)
  std::string name;  ///< "classification error"
  double value = 0;  ///< shown as a dash when it is not finite
  std::string unit;  ///< may be empty
  std::string note;  ///< may be empty: how it was measured, what would be good
  Passport passport = {};
};

/// What the run's folder does not hold. Every field may be empty, and what is empty is left out of the page.
/// Writing the report again with more in it (an evaluation's scores, say) replaces the file.
struct ReportFacts {
  std::string title;     ///< "DCGAN on MNIST"
  std::string model;     ///< "dcgan"
  std::string data;      ///< "mnist, 60000 images of 32x32"
  std::string summary;   ///< one line below the title
  std::string citation;  ///< the paper; its http(s) addresses become links
  std::vector<ReportPicture> pictures;
  std::vector<ReportScore> scores;  ///< the first three are shown in the head too
  std::vector<ReportMessage> messages;
  std::string shown = "Samples";  ///< what the pictures by step show
  /// What the colours of the samples mean: "#rrggbb" and its meaning.
  std::vector<std::pair<std::string, std::string>> legend;
  std::vector<std::string> commands;                             ///< how to repeat the run, one a line
  std::vector<std::pair<std::string, std::string>> environment;  ///< ("threads", "2")
};

/// Everything in the page.
struct ReportInput {
  ReportFacts facts;
  std::vector<RunFolder::MetricRow>
      metrics;                        ///< by rising step; a value that is not finite is a gap in its curve
  std::vector<ReportSample> samples;  ///< by rising step
  std::string settings;               ///< TOML
};

/// The page. Same input, same bytes. All text is escaped, and a content security policy in the page forbids
/// every request. Curves are thinned to about 2000 points, samples to 40 and about 12 MiB.
std::string render_report(const ReportInput& input);

/// Reads metrics, samples and settings from the folder and writes `report.html` there. Storage errors only.
void write_report(RunFolder& run, const ReportFacts& facts);

// The parts of render_report that have a rule of their own.

/// A point of a curve. `value` is not finite where the curve has a gap.
struct CurvePoint {
  std::int64_t step = 0;
  double seconds = 0;
  double value = 0;
  double mean = 0;  ///< of the values that this point stands for: its own, until thin_curve left others out
};
struct Curve {
  std::string name;
  std::vector<CurvePoint> points;
};
/// The curves of one chart.
struct CurveGroup {
  std::string name;
  std::vector<Curve> curves;
};

/// "loss/generator" is the curve "generator" of the chart "loss"; a name without a slash goes to the chart
/// "other". Charts and curves come in the order of their first appearance, but "loss" is the first chart.
std::vector<CurveGroup> group_curves(const std::vector<RunFolder::MetricRow>& rows);

/// At most `limit` (4 or more) points: the first, the last, and the lowest and highest of each of equal
/// buckets between them. A bucket with a gap in it keeps one point of the gap on top of that. The points of a
/// bucket carry its mean, so that a smoothed curve does not lean towards the outliers that were kept.
std::vector<CurvePoint> thin_curve(const std::vector<CurvePoint>& points, std::size_t limit);

/// At most `limit` (2 or more) rising indices below `count`, evenly spread, always with the first and the
/// last.
std::vector<std::size_t> spread_indices(std::size_t count, std::size_t limit);

std::string escape_html(std::string_view text);
/// Escaped text in which web addresses are links.
std::string link_addresses(std::string_view text);
std::string encode_base64(std::string_view bytes);

}  // namespace belamy
