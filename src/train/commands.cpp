#include "train/commands.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "belamy/error.h"

#include "core/text.h"
#include "data/csv.h"
#include "train/model_state.h"

namespace belamy {
namespace {

using Kind = Command::Kind;

struct Form {
  Kind kind;
  const char* name;
  bool has_argument;
};
constexpr Form kForms[] = {{Kind::save, "save", false},
                           {Kind::sample, "sample", false},
                           {Kind::stop, "stop", false},
                           {Kind::steps, "steps", true},
                           {Kind::set, "set", true}};

const Form& form_of(Kind kind) {
  for (const auto& form : kForms) {
    if (form.kind == kind) return form;
  }
  return kForms[0];
}

Command command_of(const std::string& name, const std::string& argument) {
  for (const auto& form : kForms) {
    const bool setting = argument.starts_with("optimizer.") && argument.find('=') != std::string::npos;
    const bool fits = form.kind == Kind::set ? setting : form.has_argument != argument.empty();
    if (name == form.name && fits) return {form.kind, argument};
  }
  throw usage_error(
      fmt::format("'{}{}{}' is not a command for a training", name, argument.empty() ? "" : " ", argument),
      "use save, sample, stop, steps N or set optimizer.PLAYER.KEY=VALUE");
}

}  // namespace

void CommandLog::note(std::int64_t step, const Command& command) {
  const auto later =
      std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first > step; });
  entries_.insert(later, {step, command});
}

std::vector<Command> CommandLog::at(std::int64_t step) const {
  std::vector<Command> found;
  for (const auto& [when, command] : entries_) {
    if (when == step) found.push_back(command);
  }
  return found;
}

std::vector<Command> CommandLog::before(std::int64_t step) const {
  std::vector<Command> found;
  for (const auto& [when, command] : entries_) {
    if (when < step) found.push_back(command);
  }
  return found;
}

std::string CommandLog::text() const {
  std::string text = "step,command,argument\n";
  for (const auto& [step, command] : entries_)
    text += fmt::format("{},{},{}\n", step, form_of(command.kind).name, command.argument);
  return text;
}

CommandLog CommandLog::parse(const std::string& text, const std::string& origin) {
  CommandLog log;
  std::int64_t last = 0;
  for (const auto& row : parse_csv(text, origin)) {
    if (row.line == 1 && !row.cells.empty() && row.cells[0] == "step") continue;
    const auto step = number_in<std::int64_t>(row.cells[0]);
    if (row.cells.size() != 3 || !step || *step < last)
      throw data_error(
          fmt::format("{}, line {}: this is not a step, a command and its argument", origin, row.line),
          "write STEP,COMMAND,ARGUMENT in each line, in order of the steps");
    try {
      log.note(*step, command_of(row.cells[1], row.cells[2]));
    } catch (const Error& error) {
      throw data_error(fmt::format("{}, line {}: {}", origin, row.line, error.message()));
    }
    last = *step;
  }
  return log;
}

Command parse_command(const std::string& line) {
  const auto blank = line.find(' ');
  return command_of(line.substr(0, blank), blank == std::string::npos ? "" : line.substr(blank + 1));
}

void check_command(const Command& command, const Recipe& recipe, const StageOptions& stage) {
  if (command.kind == Kind::steps && recipe.stages[0].steps > 0)
    throw usage_error("the length of this run is the sum of its stages, and cannot be changed");
  if (command.kind != Kind::set) return;
  auto changed = stage;
  changed.settings.push_back(command.argument);
  const auto before = players_in(recipe, stage);
  for (const auto& [name, options] : players_in(recipe, changed)) {
    const auto& was = before.at(name);
    if (options.optimizer != was.optimizer || (options.average > 0) != (was.average > 0))
      throw usage_error(fmt::format("{}: this cannot be changed during a run", command.argument),
                        "start a new run: optimizer and average decide what a checkpoint holds");
  }
}

void check_command(const Command& command, const Recipe& recipe) {
  std::optional<Error> why;
  for (const auto& stage : recipe.stages) {
    try {
      check_command(command, recipe, stage);
      return;
    } catch (const Error& error) {
      if (!why) why = error;
    }
  }
  if (why) throw Error(*why);
}

std::string command_text(const Command& command) {
  const std::string name = form_of(command.kind).name;
  return command.argument.empty() ? name : name + " " + command.argument;
}

}  // namespace belamy
