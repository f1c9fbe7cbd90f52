#include "cli/pages.h"

namespace belamy::cli {
namespace {

void add_texts(const Verb& verb, const std::string& name, std::vector<VerbText>& all) {
  VerbText text{name, verb.help(), {}};
  for (const auto& option : verb.shown())
    if (!option.spelling.ends_with("--help")) text.options.push_back(option);
  all.push_back(text);
  for (const auto& inner : verb.verbs()) add_texts(inner, name + " " + inner.name(), all);
}

}  // namespace

std::vector<VerbText> verb_texts(const Verb& program) {
  std::vector<VerbText> all;
  for (const auto& verb : program.verbs()) add_texts(verb, verb.name(), all);
  return all;
}

std::vector<std::pair<ExitCode, std::string>> exit_texts() {
  return {{ExitCode::ok, "done"},
          {ExitCode::internal, "a defect of Belamy"},
          {ExitCode::usage, "a wrong argument or setting"},
          {ExitCode::data, "wrong data"},
          {ExitCode::diverged, "a training diverged"},
          {ExitCode::storage, "storage"},
          {ExitCode::interrupted, "interrupted, state saved"},
          {ExitCode::expectation, "an expectation does not hold"},
          {ExitCode::lost, "another process of a training has ended or cannot be reached"}};
}

}  // namespace belamy::cli
