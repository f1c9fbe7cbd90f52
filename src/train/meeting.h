// What the processes of a training decide together between two steps.
#pragma once

#include <string>
#include <vector>

#include "belamy/group.h"
#include "belamy/trainer.h"

namespace belamy {

struct Meeting {
  bool tick = false;  ///< a line of the log is due
  bool stop = false;
  std::vector<Command> commands = {};

  /// Whether there is anything to decide.
  bool wanted() const { return tick || stop || !commands.empty(); }
};

/// What all of them want, the same in each. They must have made equally many steps.
Meeting meet(Group& group, const Meeting& own, std::int64_t step);

}  // namespace belamy
