#include "train/steering.h"

#include <chrono>
#include <fmt/format.h>
#include <sstream>
#include <utility>

#include "belamy/error.h"

namespace belamy {
namespace {

constexpr double kLookSeconds = 0.5;  // between two checks for requests of `belamy steer`

}  // namespace

CommandLog planned_commands(const TrainOptions& options) {
  return options.commands.empty() ? CommandLog()
                                  : CommandLog::parse(Env::real().read(options.commands), options.commands);
}

Steering::Steering(const TrainOptions& options, bool resume, Session& session, RunFolder& folder,
                   std::function<std::vector<Command>()> source, Actions actions)
    : session_(session),
      folder_(folder),
      source_(std::move(source)),
      actions_(std::move(actions)),
      log_(planned_commands(options)) {
  for (const auto& command : taken())  // came after the last step of an earlier session
    actions_.tell(fmt::format("command of an earlier session dropped: {}", command_text(command)));
  if (const auto path = folder_.path() / RunFolder::commands_file; resume && folder_.env().exists(path))
    log_ = CommandLog::parse(folder_.env().read(path), path.string());
  session_.follow(log_);
}

void Steering::write() const {
  if (!log_.empty()) folder_.write_file(RunFolder::commands_file, log_.text());
}

std::vector<Command> Steering::new_commands() {
  auto commands = source_ ? source_() : std::vector<Command>();
  for (auto& command : requests()) commands.push_back(std::move(command));
  return commands;
}

std::vector<Command> Steering::requests() {
  const auto time =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (time - last_look_ < kLookSeconds) return {};
  last_look_ = time;
  return taken();
}

std::vector<Command> Steering::taken() {
  std::vector<Command> commands;
  for (const auto& text : folder_.take_requests()) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      try {
        commands.push_back(parse_command(line));
      } catch (const Error& error) {
        actions_.tell(error.message());
      }
    }
  }
  return commands;
}

void Steering::refuse_rest() {
  for (const auto& command : taken())
    actions_.tell(fmt::format("command not followed: {}: the training has ended", command_text(command)));
}

bool Steering::follow(const Command& command) {
  try {
    session_.take(command);
  } catch (const Error& error) {
    actions_.tell(fmt::format("command not followed: {}: {}", command_text(command), error.message()));
    return false;
  }
  log_.note(session_.step(), command);
  write();
  actions_.note(fmt::format("command: {}", command_text(command)));
  if (command.kind == Command::Kind::save) actions_.save();
  if (command.kind == Command::Kind::sample) actions_.sample();
  return command.kind == Command::Kind::stop;
}

}  // namespace belamy
