// The verb `verify-resume`: checks that a resumed run keeps its bits.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "belamy/trainer.h"

#include "cli/verbs.h"
#include "core/contradictions.h"
#include "core/text.h"

namespace belamy::cli {

void add_verify_resume(Verb program) {
  struct Request {
    std::string recipe;
    std::vector<std::string> settings;
    std::int64_t first = 7, second = 5;
  };
  auto request = std::make_shared<Request>();
  auto verb = program.verb("verify-resume",
                           "Check that N steps, a stop and M more steps give the same bits as N + M steps");
  verb.option("recipe", request->recipe, "Recipe, TOML file or model").required();
  verb.option("--first", request->first, "N, the steps before the stop").between(1, 1'000'000'000);
  verb.option("--second", request->second, "M, the steps after the stop").between(1, 1'000'000'000);
  verb.option("--set", request->settings, "KEY=VALUE: any setting");
  verb.does([request] {
    const auto recipe = Recipe::load(request->recipe, request->settings);
    refuse_contradictions(recipe->fields(), request->settings);
    const auto different = verify_resume(*recipe, request->first, request->second);
    if (different.empty()) {
      fmt::print("{}: {} + {} steps and {} steps give the same bits\n", recipe->name, request->first,
                 request->second, request->first + request->second);
      return ExitCode::ok;
    }
    say_error(fmt::format("belamy: resuming changes {}: {}\n", counted(different.size(), "value"),
                          fmt::join(different, ", ")));
    return ExitCode::internal;
  });
}

}  // namespace belamy::cli
