// The number of threads of a training, on a machine that other programs may use too.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace belamy {

/// Finds the fastest number of threads by trials. If another program keeps a core busy, two threads wait for
/// each other and can be several times slower than one.
///
/// A trial times some steps with each candidate. There is a trial at the start, one when the time of a step
/// has changed, and others from time to time, so rarely that all together cost about two percent of the time.
class ThreadChooser {
 public:
  /// Candidates are 1, half of `most`, and `most`.
  explicit ThreadChooser(int most);
  /// The number of threads for the next step.
  int threads() const { return candidates_[present_]; }
  /// Reports the time of the step that was made with threads().
  void took(double seconds);

 private:
  // Some steps in a row with one number of threads.
  struct Block {
    std::int64_t steps = 0;
    double seconds = 0;

    void add(double more) { ++steps, seconds += more; }
    double pace() const { return seconds / static_cast<double>(steps); }
    bool is_long() const;
  };

  void begin_trial();
  void end_trial();
  void watch();

  std::vector<int> candidates_;
  std::size_t present_, chosen_;
  bool trying_ = false, warm_ = false;
  std::vector<double> paces_;  // seconds per step in the trial, by candidate
  Block block_;
  double pace_ = 0;   // of the chosen number, when it was chosen
  double since_ = 0;  // seconds since the last trial
  double pause_ = 0;  // seconds until the next one
};

/// The numbers of threads of a run, each with the first step that used it, as lines "step,threads". With this
/// plan the run can be repeated bit for bit.
class ThreadPlan {
 public:
  /// Records that `step` was made with this number of threads.
  void note(std::int64_t step, int threads);
  /// The number of threads for the step; 0 if the plan has none.
  int at(std::int64_t step) const;
  /// Removes the entries from `step` on.
  void rewind(std::int64_t step);
  bool empty() const { return changes_.empty(); }

  std::string text() const;
  /// Throws a data error that names `origin` and the line.
  static ThreadPlan parse(const std::string& text, const std::string& origin);

 private:
  std::vector<std::pair<std::int64_t, int>> changes_;
};

}  // namespace belamy
