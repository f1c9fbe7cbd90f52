// The verbs of the program. Each file adds one to the parser; verbs.def lists them.
#pragma once

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

/// Trains with the terminal's lines, Ctrl-C and the closing words; `train` and `demo` share it.
struct TrainRequest {
  std::string recipe;  ///< may be empty when resuming
  std::string out;     ///< empty: runs/NAME
  std::vector<std::string> overrides;
  bool resume = false;
  bool dry_run = false;
};
ExitCode train_and_tell(const TrainRequest& request);

/// Trains with lines on the terminal; Ctrl-C saves and ends, and the outcome is then not finished.
TrainingOutcome train_in_folder(const Recipe& recipe, const std::filesystem::path& out, bool resume,
                                Progress& progress);

/// One line "belamy: warning: ..." on standard error.
void warn(const std::string& text);

}  // namespace belamy::cli
