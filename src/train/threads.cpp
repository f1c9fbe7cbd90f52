#include "train/threads.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

#include "belamy/error.h"

#include "core/text.h"
#include "data/csv.h"

namespace belamy {
namespace {

// A block has at least ten steps and a tenth of a second, or five steps if these take a second. Five steps include
// updates that are made every fifth step only.
constexpr std::int64_t kBlockSteps = 10, kFewSteps = 5;
constexpr double kBlockSeconds = 0.1, kLongSeconds = 1;
constexpr double kChange = 1.25;      // a trial begins if steps become slower or faster by this factor
constexpr double kGain = 0.95;        // another number must take less than this share of the time
constexpr double kPause = 5;          // least time between two trials, in seconds
constexpr double kCostOfTrials = 50;  // the pause after a trial is its cost times this

}  // namespace

bool ThreadChooser::Block::is_long() const {
  return (steps >= kBlockSteps && seconds >= kBlockSeconds) ||
         (steps >= kFewSteps && seconds >= kLongSeconds);
}

ThreadChooser::ThreadChooser(int most) {
  for (const int number : {1, most / 2, most}) {
    if (number >= 1 && (candidates_.empty() || number > candidates_.back())) candidates_.push_back(number);
  }
  present_ = chosen_ = candidates_.size() - 1;
  if (candidates_.size() > 1) begin_trial();
}

void ThreadChooser::begin_trial() {
  trying_ = true;
  warm_ = false;
  paces_.assign(candidates_.size(), 0);
  block_ = {};
  present_ = chosen_;  // first, because its threads exist already
}

void ThreadChooser::took(double seconds) {
  if (candidates_.size() == 1) return;
  if (!trying_) {
    since_ += seconds;
    block_.add(seconds);
    watch();
    return;
  }
  if (!warm_) {  // the first step also starts threads and allocates memory
    warm_ = true;
    return;
  }
  block_.add(seconds);
  if (!block_.is_long()) return;
  paces_[present_] = block_.pace();
  block_ = {};
  warm_ = false;
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (paces_[i] > 0) continue;
    present_ = i;
    return;
  }
  end_trial();
}

void ThreadChooser::end_trial() {
  const auto best = static_cast<std::size_t>(std::min_element(paces_.begin(), paces_.end()) - paces_.begin());
  if (paces_[best] < kGain * paces_[chosen_]) chosen_ = best;
  present_ = chosen_;
  pace_ = paces_[chosen_];
  double cost = 0;
  for (const auto pace : paces_)
    cost += std::max(static_cast<double>(kBlockSteps) * (pace - pace_), kBlockSeconds * (1 - pace_ / pace));
  pause_ = std::max(kPause, kCostOfTrials * cost);
  since_ = 0;
  trying_ = false;
}

void ThreadChooser::watch() {
  if (!block_.is_long()) return;
  const auto change = block_.pace() / pace_;
  block_ = {};
  const bool other = change > kChange || change < 1 / kChange;
  if (since_ >= pause_ || (other && since_ >= std::min(kPause, pause_) / 5)) begin_trial();
}

void ThreadPlan::note(std::int64_t step, int threads) {
  if (changes_.empty() || changes_.back().second != threads) changes_.emplace_back(step, threads);
}

int ThreadPlan::at(std::int64_t step) const {
  int threads = 0;
  for (const auto& [from, number] : changes_) {
    if (from > step) break;
    threads = number;
  }
  return threads;
}

void ThreadPlan::rewind(std::int64_t step) {
  while (!changes_.empty() && changes_.back().first >= step) changes_.pop_back();
}

std::string ThreadPlan::text() const {
  std::string text = "step,threads\n";
  for (const auto& [step, threads] : changes_) text += fmt::format("{},{}\n", step, threads);
  return text;
}

ThreadPlan ThreadPlan::parse(const std::string& text, const std::string& origin) {
  ThreadPlan plan;
  for (const auto& row : parse_csv(text, origin)) {
    const auto line = fmt::format("{}", fmt::join(row.cells, ","));
    if (row.line == 1 && line == "step,threads") continue;
    const bool pair = row.cells.size() == 2;
    const auto step = number_in<std::int64_t>(row.cells[0]);
    const auto threads = pair ? number_in<int>(row.cells[1]) : std::nullopt;
    const auto before = plan.changes_.empty() ? -1 : plan.changes_.back().first;
    if (!step || *step <= before || !threads || *threads < 1) {
      throw data_error(
          fmt::format("{}, line {}: '{}' is not a step and a number of threads", origin, row.line, line),
          "write STEP,THREADS in each line, in order of the steps");
    }
    plan.changes_.emplace_back(*step, *threads);
  }
  return plan;
}

}  // namespace belamy
