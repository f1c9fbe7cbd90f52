#include "train/meeting.h"

#include <fmt/format.h>
#include <sstream>
#include <stdexcept>

#include "train/commands.h"

namespace belamy {

Meeting meet(Group& group, const Meeting& own, std::int64_t step) {
  if (group.is_single()) return own;
  std::string text = fmt::format("step {}\n", step);
  const auto same = text;
  if (own.tick) text += "tick\n";
  if (own.stop) text += "stop\n";
  for (const auto& command : own.commands) text += fmt::format("command {}\n", command_text(command));
  Meeting all;
  for (const auto& said : group.exchange(text)) {
    std::istringstream lines(said);
    std::string line;
    std::getline(lines, line);
    if (line + "\n" != same)
      throw std::logic_error(
          fmt::format("the processes of a training are at different steps: {}, {}", line, same));
    while (std::getline(lines, line)) {
      if (line == "tick") all.tick = true;
      if (line == "stop") all.stop = true;
      if (line.rfind("command ", 0) == 0) all.commands.push_back(parse_command(line.substr(8)));
    }
  }
  return all;
}

}  // namespace belamy
