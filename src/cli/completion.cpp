// The verb `completion`: prints the completion for bash.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "belamy/recipe.h"

#include "cli/verbs.h"
#include "core/env.h"
#include "data/dataset.h"
#include "data/weights.h"
#include "labs/lab.h"
#include "reproduce.h"

namespace belamy::cli {
namespace {

// The words that may follow each verb come from the parser itself, so no list has to be kept by hand.
std::string script(const Verb& program) {
  std::string verbs, cases;
  for (const auto& verb : program.verbs()) {
    verbs += verb.name() + " ";
    std::string words;
    for (const auto& name : verb.long_names()) words += "--" + name + " ";
    for (const auto& inner : verb.verbs()) words += inner.name() + " ";
    cases += fmt::format("    {}) words=\"{}\" ;;\n", verb.name(), words);
  }
  std::string recipes, models, sets, labs, rows, weights;
  for (const auto& recipe : all_recipes()) recipes += recipe.name + " ";
  for (const auto& info : all_models()) models += info.name + " ";
  for (const auto& set : known_sets()) sets += set.name + " ";
  for (const auto& lab : all_labs()) labs += lab.name + " ";
  for (const auto& [path, text] : embedded_reproduce()) rows += fs::path(path).stem().string() + " ";
  for (const auto& name : weights_names()) weights += name + " ";
  return fmt::format(R"(# bash completion for belamy; made by `belamy completion`
_belamy() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} verb=${{COMP_WORDS[1]}} words=
  case $verb in
{}  esac
  if ((COMP_CWORD == 1)); then words="{}--help --version"
  elif [[ $previous == --features || ( $verb == weights && $previous == info ) ]]; then words="{}"
  elif [[ $previous == --data || $previous == info || $previous == doctor || $previous == pack ]]; then words="{}"
  elif [[ $previous == fetch ]]; then words="{}"
  elif [[ $COMP_CWORD == 2 && ( $verb == train || $verb == verify-resume ) ]]; then words+="{}{}"
  elif [[ $COMP_CWORD == 2 && $verb == models ]]; then words+="{}"
  elif [[ $COMP_CWORD == 2 && $verb == lab ]]; then words+="list {}"
  elif [[ $COMP_CWORD == 2 && $verb == reproduce ]]; then words+="{}"
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o default -F _belamy belamy ./belamy
)",
                     cases, verbs, weights, sets, sets, recipes, models, models, labs, rows);
}

}  // namespace

void add_completion(Verb program) {
  auto verb = program.verb("completion", "Print the completion script for bash: source <(belamy completion)");
  verb.does([program] {
    fmt::print("{}", script(program));
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
