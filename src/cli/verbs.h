// The verbs of the program. Each file adds one to the parser; a chosen verb leaves its work in `Verbs::run`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "belamy/error.h"
#include "belamy/trainer.h"

#include "core/progress.h"

namespace belamy::cli {

/// What the chosen verb will do after parsing; returns the exit code. Errors are thrown.
using Work = std::function<ExitCode()>;

void add_train(CLI::App& app, Work& work);
void add_sample(CLI::App& app, Work& work);
void add_interpolate(CLI::App& app, Work& work);
void add_reconstruct(CLI::App& app, Work& work);
void add_evaluate(CLI::App& app, Work& work);
void add_verify_resume(CLI::App& app, Work& work);
void add_report(CLI::App& app, Work& work);
void add_models(CLI::App& app, Work& work);
void add_recipes(CLI::App& app, Work& work);
void add_data(CLI::App& app, Work& work);
void add_lab(CLI::App& app, Work& work);
void add_match(CLI::App& app, Work& work);
void add_translate(CLI::App& app, Work& work);
void add_classify(CLI::App& app, Work& work);
void add_stylize(CLI::App& app, Work& work);
void add_score(CLI::App& app, Work& work);
void add_embed(CLI::App& app, Work& work);
void add_reproduce(CLI::App& app, Work& work);
void add_demo(CLI::App& app, Work& work);
void add_completion(CLI::App& app, Work& work);

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
