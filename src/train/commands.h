// What a training was told while it ran, with the steps: so a steered run can be resumed and repeated bit by bit.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "belamy/trainer.h"

namespace belamy {

/// commands.csv of a run folder: "step,command,argument" lines. A command takes effect before its step.
class CommandLog {
 public:
  void note(std::int64_t step, const Command& command);
  /// Those of one step, in their order.
  std::vector<Command> at(std::int64_t step) const;
  /// Those of steps before `step`.
  std::vector<Command> before(std::int64_t step) const;
  bool empty() const { return entries_.empty(); }

  std::string text() const;
  /// A data error that names `origin` and the line.
  static CommandLog parse(const std::string& text, const std::string& origin);

 private:
  std::vector<std::pair<std::int64_t, Command>> entries_;  // by rising step
};

/// "save", "sample", "stop", "steps 5000", "set optimizer.generator.lr=1e-4". A usage error for anything else.
Command parse_command(const std::string& line);
std::string command_text(const Command& command);

}  // namespace belamy
