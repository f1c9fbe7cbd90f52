// The curves of a run's report: metrics, grouped into charts and thinned to what a screen shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "store/run_folder.h"

namespace belamy {

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

/// For report.js, each curve thinned to `limit` points.
nlohmann::ordered_json curves_json(const std::vector<CurveGroup>& groups, std::size_t limit);

}  // namespace belamy
