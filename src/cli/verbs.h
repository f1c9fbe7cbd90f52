// The verbs of the program. Each file adds one to the parser; verbs.def lists them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "belamy/error.h"
#include "belamy/trainer.h"

#include "cli/parser.h"
#include "core/progress.h"

namespace belamy::cli {

#define BELAMY_VERB(name) void add_##name(Verb program);
#include "cli/verbs.def"
#undef BELAMY_VERB

/// What the verbs `train` and `demo` pass to train_and_tell.
struct TrainRequest {
  std::string recipe;  ///< may be empty when resuming
  std::string out;     ///< empty: runs/NAME
  std::vector<std::string> overrides;
  std::map<std::string, std::string>
      typed;  ///< those overrides that the user wrote in another way than --set
  bool resume = false;
  bool dry_run = false;
  std::int64_t processes = 0;  ///< 0: as the environment says, else 1
};
/// Trains as train_in_folder does and prints a summary, or checks and prints the settings for a dry run. With
/// several processes, it starts them or is one of them.
ExitCode train_and_tell(const TrainRequest& request);

/// Trains with progress lines on the terminal. Ctrl-C saves and stops; the outcome is then not `finished`.
TrainingOutcome train_in_folder(const Recipe& recipe, const std::filesystem::path& out, bool resume,
                                Progress& progress, Group& group = Group::single());

/// Writes to standard error. A reader that is gone is no error, unlike with fmt::print, which throws.
void say_error(const std::string& text);
/// One line "belamy: warning: ..." on standard error.
void warn(const std::string& text);

}  // namespace belamy::cli
