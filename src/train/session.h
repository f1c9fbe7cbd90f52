// Training in memory: a model, its data and the position in them. The trainer adds the files. In a group of several
// processes each has a session, and all call the same functions in the same order.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "belamy/group.h"

#include "train/batches.h"
#include "train/commands.h"
#include "train/model_state.h"

namespace belamy {

class Session final : public StepContext {
 public:
  /// Opens the recipe's parents, unless they are given. A usage error if a batch cannot be divided equally among the
  /// processes.
  Session(const Recipe& recipe, Dataset data, torch::Device device,
          std::optional<ParentModels> parents = std::nullopt, Group& group = Group::single());

  /// Makes one step. On the CPU it throws a diverged error if a loss or gradient is not finite; the error
  /// names the step, the player and the first such tensor, and the bad update is not made.
  void run_step();
  bool finished() const { return step_ >= total_; }
  std::int64_t length() const { return total_; }  ///< in steps
  /// Whether the steps so far depend on the length of the run, by a schedule or in the model.
  bool follows_length() const { return length_asked_; }
  double epoch() const { return batches_.epoch(place()); }
  std::int64_t examples() const { return place().first; }  ///< seen so far
  ModelState& state() { return state_; }
  Batches& batches() { return batches_; }

  /// Sets the commands that the run follows at their steps. Call it before `load`, which repeats the commands
  /// of earlier steps.
  void follow(CommandLog commands) { commands_ = std::move(commands); }
  /// Applies a command that changes the training (steps, set) before the next step. Throws a usage error if
  /// that is not possible. Other commands have no effect here.
  void take(const Command& command);

  /// Throws a diverged error if a loss or gradient was not finite. Of several processes only the first gets the
  /// snapshot, which holds the random numbers and memories of all.
  Snapshot save() const;
  /// In the first process only: `spread` must follow.
  void load(const Safetensors& file, const std::string& origin);
  /// Gives the state of the first process to the others: what it has loaded, or the start of a new run. Without
  /// others it does nothing.
  void spread();

  /// Lets all processes meet after the next step in which gradients are averaged.
  void call() { calls_ = true; }
  /// Whether a process has called in the last step. The answer is the same in all. Always true for one alone.
  bool met() const { return group_.is_single() || met_; }

  /// The means of all values recorded since the last call, in order of first appearance. Waits for the
  /// device, and throws a diverged error if a loss or gradient was not finite there. Of several processes the
  /// first gets the means over all, the others nothing.
  std::vector<std::pair<std::string, double>> take_records();

  // StepContext
  void update(std::string_view player, const Tensor& loss, bool keep_graph) override;
  void update_together(const std::vector<std::string>& players, const Tensor& loss) override;
  void apply(std::string_view player, const std::vector<Tensor>& gradients) override;
  void record(const std::string& name, const Tensor& value) override;
  std::int64_t step() const override { return step_; }
  std::int64_t total_steps() const override {
    length_asked_ = true;
    return total_;
  }
  const std::string& stage() const override { return recipe_.stages[stage_].name; }
  std::int64_t stage_step() const override { return step_ - stage_begin_; }
  std::int64_t stage_steps() const override {
    length_asked_ |= recipe_.stages[stage_].steps == 0;
    return stage_steps_;
  }
  const PlayerOptions& options(std::string_view player) const override;
  OptimizerState optimizer_state(std::string_view player) const override;
  at::Generator generator() override { return state_.generator(); }
  torch::Device device() const override { return device_; }

 private:
  struct Record {
    std::string name;
    Tensor sum;
    std::int64_t count = 0;
  };

  void enter_stage();  // the stage of step_, and its settings
  std::map<std::string, PlayerOptions> players_with(const std::vector<std::string>& settings) const;
  BatchPlace place() const;
  std::vector<Tensor> gradients_of(const Tensor& loss, const std::vector<Tensor>& parameters,
                                   bool keep_graph) const;
  Tensor guarded_norm(PlayerState& player, const Tensor& loss);
  void move(PlayerState& player, const Tensor& norm);
  double schedule(const PlayerOptions& options) const;
  void check_finite() const;
  [[noreturn]] void diverge(const PlayerState& player, const Tensor& loss) const;

  const Recipe& recipe_;
  Group& group_;
  torch::Device device_;
  Batches batches_;
  ModelState state_;
  std::int64_t step_ = 0, total_ = 0;
  CommandLog commands_;
  std::vector<std::string> settings_;  // of optimisers, set by commands
  mutable bool length_asked_ = false;
  std::size_t stage_ = 0;
  std::int64_t stage_begin_ = 0, stage_steps_ = 0;
  std::int64_t stage_first_ = 0;  // examples seen before the stage
  Tensor present_;                // the batch's data, for the message of `diverge`
  Tensor first_bad_;              // on the device: the first step that was not finite, or kNever
  std::vector<Record> records_;
  bool calls_ = false, met_ = false;
  // What belongs to other processes in the checkpoint that was loaded, for `spread`: by name, then by rank.
  std::map<std::string, std::vector<Tensor>> of_others_;
};

}  // namespace belamy
