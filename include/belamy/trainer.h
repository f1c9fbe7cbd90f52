// Training a recipe in a run folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "belamy/group.h"
#include "belamy/recipe.h"

namespace belamy {

/// One line of a training's log.
struct Tick {
  std::int64_t step = 0, total = 0;
  double epoch = 0;
  double seconds = 0;  ///< training time so far, in all sessions of the run
  double examples_per_second = 0;
  double seconds_left = 0;
  std::uint64_t memory = 0;                            ///< resident bytes of this process
  std::vector<std::pair<std::string, double>> values;  ///< "loss/generator", "gradient/generator", ...
};

/// A command to a running training. It takes effect before the next step and is stored with that step in
/// commands.csv. When the run is resumed or repeated (train.commands), it takes effect at the same step
/// again, so that the result is the same bit for bit.
struct Command {
  enum class Kind {
    save,    ///< write a checkpoint
    sample,  ///< draw the picture of the run's progress
    stop,    ///< write a checkpoint and end
    steps,   ///< a new length: "5000"; not for recipes with stages
    set  ///< "optimizer.generator.lr=1e-4": a setting of an optimiser; not its kind, nor average on or off
  };
  Kind kind;
  std::string argument = {};
};

/// Callbacks of a training; each may be empty. They are called on the thread that called `train`. One that
/// throws ends the training with its exception; what was saved stays.
struct TrainingHooks {
  std::function<void(const Tick&)> tick;
  std::function<void(const std::string&)> message;  ///< warnings and notes for the user
  /// Called after each step but the last, and in each step of drawing a picture if its sampler takes many. Return
  /// true to save a checkpoint and stop; a picture that needs more than a few seconds is left out. To stop at a
  /// signal, block it in all threads and wait for it in one (sigwait): a handler on the stack of a training thread
  /// can overwrite tensors, because kernels of oneDNN use the stack pointer for data.
  std::function<bool()> stop;
  /// Called after each step but the last. Returns the commands to follow; for one that cannot be followed,
  /// `message` is called.
  std::function<std::vector<Command>()> commands;
  /// A picture was written: the bytes of its PNG file.
  std::function<void(std::int64_t step, const std::string& title, const std::string& png)> picture;
  /// A checkpoint was written.
  std::function<void(std::int64_t step)> checkpoint;
};

struct TrainingOutcome {
  std::int64_t step = 0;              ///< steps of the run so far
  std::int64_t steps = 0;             ///< steps made in this session
  bool finished = false;              ///< false: stopped by the hook
  double seconds = 0;                 ///< duration of this session
  std::vector<std::string> messages;  ///< those stored in the run folder, earlier sessions included
};

/// Trains `recipe` in the folder `out`, which receives settings, metrics, samples, checkpoints and a
/// report. `resume` continues from the newest usable checkpoint, bit for bit as a run that was never
/// stopped, or starts a new run if there is none. Sets the number of threads, the memory allocator's
/// limits and the use of faster paths for the whole process. Throws usage, data, diverged and storage
/// errors; what was saved stays.
///
/// Several processes train one run together if each calls this with its `group` and the same recipe. Batches are
/// those of a training in one process; each process takes its part of them. The first process alone uses `out`;
/// the hook `stop` counts in all, and the other hooks in the first. Throws a `lost_error` if another process has
/// ended or cannot be reached.
TrainingOutcome train(const Recipe& recipe, const std::filesystem::path& out, bool resume,
                      const TrainingHooks& hooks, Group& group = Group::single());

/// Checks in memory that resuming is exact: trains `first + second` steps in one go, and again with a
/// checkpoint in between. Returns the names of all values that differ; empty if it is exact.
std::vector<std::string> verify_resume(const Recipe& recipe, std::int64_t first, std::int64_t second);

}  // namespace belamy
