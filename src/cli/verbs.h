// The verbs of the program. Each file adds one to the parser.
#pragma once

#include <string>
#include <vector>

#include "belamy/error.h"
#include "belamy/trainer.h"

#include "cli/parser.h"
#include "core/progress.h"

namespace belamy::cli {

void add_train(Verb program);
void add_sample(Verb program);
void add_interpolate(Verb program);
void add_arithmetic(Verb program);
void add_reconstruct(Verb program);
void add_evaluate(Verb program);
void add_verify_resume(Verb program);
void add_report(Verb program);
void add_models(Verb program);
void add_recipes(Verb program);
void add_data(Verb program);
void add_weights(Verb program);
void add_lab(Verb program);
void add_match(Verb program);
void add_translate(Verb program);
void add_classify(Verb program);
void add_stylize(Verb program);
void add_score(Verb program);
void add_embed(Verb program);
void add_reproduce(Verb program);
void add_demo(Verb program);
void add_completion(Verb program);

/// What the verbs `train` and `demo` pass to train_and_tell.
struct TrainRequest {
  std::string recipe;  ///< may be empty when resuming
  std::string out;     ///< empty: runs/NAME
  std::vector<std::string> overrides;
  bool resume = false;
  bool dry_run = false;
};
/// Trains as train_in_folder does and prints a summary, or checks and prints the settings for a dry run.
ExitCode train_and_tell(const TrainRequest& request);

/// Trains with progress lines on the terminal. Ctrl-C saves and stops; the outcome is then not `finished`.
TrainingOutcome train_in_folder(const Recipe& recipe, const std::filesystem::path& out, bool resume,
                                Progress& progress);

/// One line "belamy: warning: ..." on standard error.
void warn(const std::string& text);

}  // namespace belamy::cli
