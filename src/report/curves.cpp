#include "report/curves.h"

#include <algorithm>
#include <cmath>

#include "report/page.h"

namespace belamy {

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

nlohmann::ordered_json curves_json(const std::vector<CurveGroup>& groups, std::size_t limit) {
  using Json = nlohmann::ordered_json;
  const auto numbers = [](const std::vector<CurvePoint>& points, double CurvePoint::*number) {
    auto list = Json::array();
    for (const auto& point : points) list.push_back(short_number(point.*number));
    return list;
  };
  auto charts = Json::array();
  for (const auto& group : groups) {
    auto curves = Json::array();
    for (const auto& curve : group.curves) {
      const auto points = thin_curve(curve.points, limit);
      auto steps = Json::array();
      for (const auto& point : points) steps.push_back(point.step);
      Json made = {{"name", curve.name},
                   {"step", steps},
                   {"seconds", numbers(points, &CurvePoint::seconds)},
                   {"value", numbers(points, &CurvePoint::value)}};
      if (points.size() < curve.points.size()) made["mean"] = numbers(points, &CurvePoint::mean);
      curves.push_back(made);
    }
    charts.push_back({{"name", group.name}, {"curves", curves}});
  }
  return charts;
}

}  // namespace belamy
