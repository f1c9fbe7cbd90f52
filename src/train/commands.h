// The commands that a training received while it ran, with their steps. With them a steered run can be
// resumed and repeated bit for bit.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "belamy/recipe.h"
#include "belamy/trainer.h"

namespace belamy {

/// commands.csv of a run folder: lines "step,command,argument". A command takes effect before its step.
class CommandLog {
 public:
  void note(std::int64_t step, const Command& command);
  /// The commands of one step, in order.
  std::vector<Command> at(std::int64_t step) const;
  /// The commands of all earlier steps.
  std::vector<Command> before(std::int64_t step) const;
  bool empty() const { return entries_.empty(); }

  std::string text() const;
  /// Throws a data error that names `origin` and the line.
  static CommandLog parse(const std::string& text, const std::string& origin);

 private:
  std::vector<std::pair<std::int64_t, Command>> entries_;  // by rising step
};

/// Parses "save", "sample", "stop", "steps 5000" or "set optimizer.generator.lr=1e-4". Throws a usage error
/// for anything else.
Command parse_command(const std::string& line);
/// Throws a usage error if no training of the recipe can follow the command in this stage.
void check_command(const Command& command, const Recipe& recipe, const StageOptions& stage);
/// The same for the whole run: no training of the recipe can follow the command in any of its stages.
void check_command(const Command& command, const Recipe& recipe);
std::string command_text(const Command& command);

}  // namespace belamy
