// Training a recipe in a run folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "belamy/recipe.h"

namespace belamy {

/// One line of a training's log.
struct Tick {
  std::int64_t step = 0, total = 0;
  double epoch = 0;
  double seconds = 0;  ///< trained, all sessions of the run together
  double examples_per_second = 0;
  double seconds_left = 0;
  std::uint64_t memory = 0;                            ///< resident bytes of this process
  std::vector<std::pair<std::string, double>> values;  ///< "loss/generator", "gradient/generator", ...
};

/// What a training can be told while it runs. It takes effect before the next step, is stored with that step in
/// commands.csv, and is told again when the run is resumed or repeated (train.commands), so that a steered run
/// keeps its bits.
struct Command {
  enum class Kind {
    save,    ///< a checkpoint
    sample,  ///< the picture of the run's progress
    stop,    ///< save and end
    steps,   ///< a new length: "5000"; not for recipes with stages
    set      ///< "optimizer.generator.lr=1e-4": a setting of an optimiser that needs no other state
  };
  Kind kind;
  std::string argument = {};
};

/// What a caller of training wants to know or to decide. Every function may be empty. They are called on the
/// thread that called `train`; one that throws ends the training, and what was saved stays.
struct TrainingHooks {
  std::function<void(const Tick&)> tick;
  /// Trouble and news in words: "samples are much more alike than the data ...".
  std::function<void(const std::string&)> message;
  /// Asked after each step; true saves and ends.
  std::function<bool()> stop;
  /// Asked after each step for what the training shall do. A command that cannot be followed is answered by a
  /// message.
  std::function<std::vector<Command>()> commands;
  /// A picture was written: the bytes of its PNG file.
  std::function<void(std::int64_t step, const std::string& title, const std::string& png)> picture;
  /// A checkpoint was written.
  std::function<void(std::int64_t step)> checkpoint;
};

struct TrainingOutcome {
  std::int64_t step = 0;   ///< of the run
  std::int64_t steps = 0;  ///< made in this session
  bool finished = false;   ///< false: stopped by the hook
  double seconds = 0;      ///< of this session
  std::vector<std::string> messages;
};

/// Trains `recipe` in the folder `out`: settings, metrics, samples, checkpoints, report. `resume` goes on
/// from the newest good checkpoint, to the same bits as a run that was never stopped. Throws usage, data,
/// diverged and storage errors; what was saved stays.
TrainingOutcome train(const Recipe& recipe, const std::filesystem::path& out, bool resume,
                      const TrainingHooks& hooks);

/// Trains `first + second` steps at once and in two halves through a checkpoint's bytes, in memory. Returns
/// the names of all values that differ: none, if resuming keeps the bits.
std::vector<std::string> verify_resume(const Recipe& recipe, std::int64_t first, std::int64_t second);

}  // namespace belamy
