// The report of one training run: one HTML file that needs no server and no network.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "report/scores.h"
#include "store/run_folder.h"
#include "store/run_records.h"

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

/// What the run's folder does not hold. Every field may be empty, and what is empty is left out of the page.
/// Writing the report again with more in it (an evaluation's scores, say) replaces the file.
struct ReportFacts {
  std::string title;     ///< "DCGAN on MNIST"
  std::string model;     ///< "dcgan"
  std::string data;      ///< "mnist, 60000 images of 32x32"
  std::string summary;   ///< one line below the title
  std::string citation;  ///< the paper; its http(s) addresses become links
  std::vector<ReportPicture> pictures;
  std::vector<RunScore> scores;  ///< the first three are shown in the head too
  std::vector<RunMessage> messages;
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

/// The samples that a page keeps: at most `limit` (2 or more) rising indices below `count`, evenly spread, always with the first and the
/// last.
std::vector<std::size_t> spread_indices(std::size_t count, std::size_t limit);

}  // namespace belamy
