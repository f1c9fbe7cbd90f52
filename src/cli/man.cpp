// The verb `man`: prints the manual page, made from the parser itself.
#include <fmt/format.h>
#include <string>

#include "cli/verbs.h"
#include "core/text.h"
#include "core/version.h"

namespace belamy::cli {
namespace {

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

void add_man(Verb program) {
  auto verb = program.verb("man", "Print the manual page: man -l <(belamy man)");
  verb.does([program] {
    fmt::print("{}", manual_page(program));
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
