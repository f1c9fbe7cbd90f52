#include "metrics/roc.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "belamy/error.h"

namespace belamy {
namespace {

void check_scores(std::span<const double> scores, const std::vector<bool>& strange) {
  const auto count = std::count(strange.begin(), strange.end(), true);
  if (scores.size() != strange.size() || count == 0 || static_cast<std::size_t>(count) == strange.size()) {
    throw data_error(
        fmt::format("a ROC curve needs usual and strange data, but of {} scores {} are of strange data",
                    scores.size(), count),
        "use data of both kinds");
  }
  if (std::any_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); }))
    throw data_error("a ROC curve needs scores that are numbers", "look at the model: it may have diverged");
}

std::vector<std::size_t> order_of(std::span<const double> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] < scores[b]; });
  return order;
}

// The rank of each number, from 1; equal numbers get the mean of their ranks.
std::vector<double> midranks(std::span<const double> numbers) {
  const auto order = order_of(numbers);
  std::vector<double> ranks(numbers.size());
  for (std::size_t first = 0, end = 0; first < order.size(); first = end) {
    while (end < order.size() && numbers[order[end]] == numbers[order[first]]) ++end;
    for (auto i = first; i < end; ++i) ranks[order[i]] = 0.5 * static_cast<double>(first + 1 + end);
  }
  return ranks;
}

double variance(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  if (n < 2) return 0;
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return sum / (n - 1);
}

}  // namespace

RocArea roc_area(std::span<const double> scores, const std::vector<bool>& strange) {
  check_scores(scores, strange);
  std::vector<double> low, high;
  for (std::size_t i = 0; i < scores.size(); ++i) (strange[i] ? high : low).push_back(scores[i]);
  const auto all = midranks(scores), among_low = midranks(low), among_high = midranks(high);
  const auto n = static_cast<double>(low.size()), m = static_cast<double>(high.size());
  // For each strange datum the share of usual ones below it, for each usual one the share of strange ones
  // above it. The rank among all minus the rank in its own group counts the data of the other group below.
  std::vector<double> above_low, below_high;
  std::size_t l = 0, h = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (strange[i]) {
      above_low.push_back((all[i] - among_high[h++]) / n);
    } else {
      below_high.push_back(1 - (all[i] - among_low[l++]) / m);
    }
  }
  RocArea result;
  result.usual = static_cast<std::int64_t>(low.size());
  result.strange = static_cast<std::int64_t>(high.size());
  result.area = std::accumulate(above_low.begin(), above_low.end(), 0.0) / m;
  result.standard_error = std::sqrt(variance(above_low) / m + variance(below_high) / n);
  return result;
}

RocArea roc_area(const torch::Tensor& scores, const std::vector<bool>& strange) {
  const auto values = scores.detach().to(torch::kCPU, torch::kDouble).contiguous();
  return roc_area({values.data_ptr<double>(), static_cast<std::size_t>(values.numel())}, strange);
}

std::vector<std::pair<double, double>> roc_curve(std::span<const double> scores,
                                                 const std::vector<bool>& strange) {
  check_scores(scores, strange);
  const auto order = order_of(scores);
  const auto total = static_cast<double>(std::count(strange.begin(), strange.end(), true));
  const auto rest = static_cast<double>(strange.size()) - total;
  std::vector<std::pair<double, double>> curve = {{0, 0}};
  double false_alarms = 0, hits = 0;
  for (std::size_t left = order.size(); left > 0;) {
    // Equal scores cross the threshold together.
    const double score = scores[order[left - 1]];
    for (; left > 0 && scores[order[left - 1]] == score; --left)
      ++(strange[order[left - 1]] ? hits : false_alarms);
    curve.emplace_back(false_alarms / rest, hits / total);
  }
  return curve;
}

}  // namespace belamy
