// The verb `completion`: prints scripts for shells, made from the parser itself.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <string>

#include "belamy/recipe.h"

#include "cli/verbs.h"
#include "core/env.h"
#include "core/text.h"
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
    for (const auto& option : verb.shown())
      for (const auto& name : option.names) words += "--" + name + " ";
    for (const auto& inner : verb.verbs()) words += inner.name() + " ";
    cases += fmt::format("    {}) words=\"{}\" ;;\n", verb.name(), words);
  }
  std::string recipes, models, sets, labs, rows, weights, published;
  for (const auto& recipe : all_recipes()) recipes += recipe.name + " ";
  for (const auto& info : all_models()) models += info.name + " ";
  for (const auto& set : known_sets()) sets += set.name + " ";
  for (const auto& lab : all_labs()) labs += lab.name + " ";
  for (const auto& [path, text] : embedded_reproduce()) rows += fs::path(path).stem().string() + " ";
  for (const auto& name : weights_names()) weights += name + " ";
  for (const auto& name : published_weights()) published += name + " ";
  return fmt::format(R"(# bash completion for belamy; made by `belamy completion`
_belamy() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} verb=${{COMP_WORDS[1]}} words=
  case $verb in
{}  esac
  if ((COMP_CWORD == 1)); then words="{}--help --version"
  elif [[ $previous == --features || ( $verb == weights && $previous == info ) ]]; then words="{}"
  elif [[ $previous == --data || $previous == info || $previous == doctor || $previous == pack ]]; then words="{}"
  elif [[ $verb == weights && $previous == fetch ]]; then words="{}"
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
                     cases, verbs, weights, sets, published, sets, recipes, models, models, labs, rows);
}

// Within single quotes.
std::string quoted_for(const std::string& text, bool fish) {
  return fish ? replaced(replaced(text, "\\", "\\\\"), "'", "\\'") : replaced(text, "'", "'\\''");
}

// The recipes, models or labs that a verb takes.
std::string words_after(const std::string& verb) {
  std::string words;
  const auto add = [&](const auto& all) {
    for (const auto& each : all) words += each.name + " ";
  };
  if (verb == "train" || verb == "plan" || verb == "verify-resume") add(all_recipes());
  if (verb == "train" || verb == "models") add(all_models());
  if (verb == "lab") add(all_labs());
  return words;
}

std::string zsh_script(const Verb& program) {
  std::string verbs, cases;
  const auto plain = [](const std::string& text) {  // these end a description in zsh
    return quoted_for(replaced(replaced(replaced(text, "[", "("), "]", ")"), ":", ";"), false);
  };
  for (const auto& verb : program.verbs()) {
    verbs += fmt::format("    '{}:{}'\n", verb.name(), plain(verb.help()));
    std::string options;
    for (const auto& option : verb.shown())
      for (const auto& name : option.names)
        options +=
            fmt::format(" '--{}[{}]{}'", name, plain(option.help), option.is_flag ? "" : ":value:_files");
    const auto words = words_after(verb.name());
    cases += fmt::format("    {}) _arguments{} '*: :{}' ;;\n", verb.name(), options,
                         words.empty() ? "_files" : "(" + words + ")");
  }
  return fmt::format(R"(#compdef belamy
# zsh completion for belamy; made by `belamy completion --shell zsh`
_belamy() {{
  local -a verbs=(
{}  )
  if ((CURRENT == 2)); then _describe command verbs; return; fi
  local verb=$words[2]
  shift words
  ((CURRENT--))
  case $verb in
{}  esac
}}
compdef _belamy belamy
)",
                     verbs, cases);
}

std::string fish_script(const Verb& program) {
  std::string lines = "# fish completion for belamy; made by `belamy completion --shell fish`\n";
  for (const auto& verb : program.verbs()) {
    lines += fmt::format("complete -c belamy -n __fish_use_subcommand -a {} -d '{}'\n", verb.name(),
                         quoted_for(verb.help(), true));
    const auto within = fmt::format("complete -c belamy -n '__fish_seen_subcommand_from {}'", verb.name());
    for (const auto& option : verb.shown())
      for (const auto& name : option.names)
        lines += fmt::format("{} -l {}{} -d '{}'\n", within, name, option.is_flag ? "" : " -r",
                             quoted_for(option.help, true));
    if (const auto words = words_after(verb.name()); !words.empty())
      lines += fmt::format("{} -a '{}'\n", within, words);
  }
  return lines;
}

}  // namespace

void add_completion(Verb program) {
  const auto shell = std::make_shared<std::string>("bash");
  auto verb =
      program.verb("completion", "Print the completion script for a shell: source <(belamy completion)");
  verb.option("--shell", *shell, "The shell").one_of({"bash", "zsh", "fish"});
  verb.does([program, shell] {
    fmt::print("{}", *shell == "zsh"    ? zsh_script(program)
                     : *shell == "fish" ? fish_script(program)
                                        : script(program));
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
