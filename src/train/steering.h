// Steers a training: finds new commands, applies them, and stores them with their steps.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "belamy/trainer.h"

#include "store/run_folder.h"
#include "train/commands.h"
#include "train/session.h"

namespace belamy {

class Steering {
 public:
  /// What the training does for its commands.
  struct Actions {
    std::function<void(const std::string&)> tell;  ///< says something to the user
    std::function<void(const std::string&)> note;  ///< says it to the user and stores it with the run
    std::function<void()> save;                    ///< writes a checkpoint
    std::function<void()> sample;                  ///< draws the picture of the progress
  };

  /// Lets the session follow, at their steps, the commands of the file `train.commands`, or those of
  /// commands.csv if the run is resumed. `source` gives further commands; it may be empty.
  Steering(const TrainOptions& options, bool resume, Session& session, RunFolder& folder,
           std::function<std::vector<Command>()> source, Actions actions);

  /// Whether any command has been given so far, or is planned for a later step.
  bool empty() const { return log_.empty(); }
  /// Writes commands.csv, if there are commands.
  void write() const;

  /// The commands of the source, and those that `belamy steer` has left in the run folder, since the last call.
  std::vector<Command> new_commands();
  /// Tells the user which commands came too late, after the last step.
  void refuse_rest();
  /// Applies a command before the next step and stores it. If it cannot be followed, the user is told why.
  /// Returns whether the training must stop.
  bool follow(const Command& command);

 private:
  std::vector<Command> requests();  // of `belamy steer`, if it is time to look for them
  std::vector<Command> taken();     // of `belamy steer`

  Session& session_;
  RunFolder& folder_;
  std::function<std::vector<Command>()> source_;
  Actions actions_;
  CommandLog log_;        // commands of this run so far, and planned ones of later steps
  double last_look_ = 0;  // the last check for requests
};

/// The commands of the file `train.commands`; none if it is not set.
CommandLog planned_commands(const TrainOptions& options);

}  // namespace belamy
