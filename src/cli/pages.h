// Parts of the pages of `man`, `docs` and `models --markdown`: the verbs with their options, the exit codes, the tables of
// models.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/parser.h"

namespace belamy::cli {

/// A verb as a page shows it.
struct VerbText {
  std::string name;                  ///< "data info"
  std::string help;                  ///< one line, without a full stop
  std::vector<Verb::Shown> options;  ///< without --help
};
/// All verbs in the order of the help; verbs of a verb follow it.
std::vector<VerbText> verb_texts(const Verb& program);

/// Each exit code with its meaning.
std::vector<std::pair<ExitCode, std::string>> exit_texts();

/// The families of models, in the order of their first model.
std::vector<std::string> model_families();
/// A table in Markdown of a family's models: what they do, their papers, capabilities and recipes.
std::string models_table(const std::string& family);

}  // namespace belamy::cli
