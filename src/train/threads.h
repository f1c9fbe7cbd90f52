// How many threads a training takes on a machine that it may have to share.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace belamy {

/// Finds the fastest number of threads by trying, at the start and while the training runs. Beside a busy core two
/// threads wait for each other and are several times slower than one.
///
/// A trial times some steps with each candidate. It is made at the start, when steps take another time than they
/// did, and from time to time, so seldom that all trials together cost some two percent.
class ThreadChooser {
 public:
  /// Candidates are 1, half of `most`, and `most`.
  explicit ThreadChooser(int most);
  /// For the next step.
  int threads() const { return candidates_[present_]; }
  /// Tells how long the step took that was made with threads().
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
  std::vector<double> paces_;  // of the trial, by candidate
  Block block_;
  double pace_ = 0;        // of the chosen number, when it was chosen
  double since_ = 0;       // seconds since the last trial
  double pause_ = 0;       // seconds until the next one
  double trial_cost_ = 0;  // seconds of the trial in slower candidates
};

/// The numbers of threads of a run by the steps from which on they held: "step,threads" lines. With it a run can be
/// repeated bit by bit.
class ThreadPlan {
 public:
  /// Notes that `step` was made with so many.
  void note(std::int64_t step, int threads);
  /// For that step; 0 where the plan says nothing.
  int at(std::int64_t step) const;
  /// Forgets what came from `step` on.
  void rewind(std::int64_t step);
  bool empty() const { return changes_.empty(); }

  std::string text() const;
  /// A data error that names `origin` and the line.
  static ThreadPlan parse(const std::string& text, const std::string& origin);

 private:
  std::vector<std::pair<std::int64_t, int>> changes_;
};

}  // namespace belamy
