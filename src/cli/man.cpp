// The verb `man`: prints the manual page, made from the parser itself.
#include <fmt/format.h>
#include <string>

#include "cli/pages.h"
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

std::string manual_page(const Verb& program) {
  std::string page = fmt::format(
      ".TH BELAMY 1 \"\" \"belamy {}\" \"User Commands\"\n.SH NAME\nbelamy \\- trains, samples and evaluates "
      "generative and unsupervised models\n.SH SYNOPSIS\n.B belamy\n.I COMMAND\n[\\fIARGUMENTS\\fR]\n.SH COMMANDS\n",
      version());
  for (const auto& verb : verb_texts(program)) {
    page += fmt::format(".SS {}\n{}.\n", roff(verb.name), roff(verb.help));
    for (const auto& option : verb.options)
      page += fmt::format(".TP\n.B {}\n{}\n", roff(option.spelling), roff(option.help));
  }
  std::string codes;
  for (const auto& [code, meaning] : exit_texts())
    codes += fmt::format("{}{}: {}", codes.empty() ? "" : "; ", static_cast<int>(code), meaning);
  return page + ".SH EXIT STATUS\n" + codes + ".\n";
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
