// The verbs `completion` and `man`: scripts for shells, and a manual page, made from the parser itself.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <string>

#include "belamy/recipe.h"

#include "cli/verbs.h"
#include "core/env.h"
#include "core/version.h"
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

// For zsh and fish, with what each verb and option is for. The recipes, models and labs come after the verbs that take them.
std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

// Within single quotes.
std::string quoted_for(const std::string& text, bool fish) {
  return fish ? replaced(replaced(text, "\\", "\\\\"), "'", "\\'") : replaced(text, "'", "'\\''");
}

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

// Text of a manual page: no backslashes, dashes that can be copied, no line that begins with a request.
std::string roff(const std::string& text) {
  auto safe = replaced(replaced(text, "\\", "\\e"), "-", "\\-");
  safe = replaced(safe, "\n", "\n.br\n");
  return safe.starts_with('.') || safe.starts_with('\'') ? "\\&" + safe : safe;
}

void describe(const Verb& verb, const std::string& name, std::string& page) {
  page += fmt::format(".SS {}\n{}.\n", roff(name), roff(verb.help()));
  for (const auto& option : verb.shown())
    if (!option.spelling.ends_with("--help"))
      page += fmt::format(".TP\n.B {}\n{}\n", roff(option.spelling), roff(option.help));
  for (const auto& inner : verb.verbs()) describe(inner, name + " " + inner.name(), page);
}

std::string manual_page(const Verb& program) {
  std::string page = fmt::format(
      ".TH BELAMY 1 \"\" \"belamy {}\" \"User Commands\"\n.SH NAME\nbelamy \\- trains, samples and evaluates "
      "generative and unsupervised models\n.SH SYNOPSIS\n.B belamy\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n.SH COMMANDS\n",
      version());
  for (const auto& verb : program.verbs()) describe(verb, verb.name(), page);
  return page +
         ".SH EXIT STATUS\n0: done; 1: a defect of Belamy; 2: a wrong argument or setting; 3: wrong data; 4: a training diverged; 5: storage; 6: interrupted, state saved; 7: an expectation does not hold.\n";
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

void add_man(Verb program) {
  auto verb = program.verb("man", "Print the manual page: man -l <(belamy man)");
  verb.does([program] {
    fmt::print("{}", manual_page(program));
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
