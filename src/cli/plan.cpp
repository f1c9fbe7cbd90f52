// The verb `plan`: tells how long a training would take, and what it needs.
#include "train/plan.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "core/contradictions.h"
#include "core/text.h"

namespace belamy::cli {
namespace {

struct PlanRequest {
  std::string recipe;
  std::vector<std::string> settings;
  std::int64_t steps = 10;
  bool json = false;
};

ExitCode plan(const PlanRequest& request) {
  const auto recipe = Recipe::load(request.recipe, request.settings);
  refuse_contradictions(recipe->fields(), request.settings);
  const auto made = plan_training(*recipe, request.steps);
  if (request.json) {
    nlohmann::ordered_json parameters = nlohmann::ordered_json::object();
    for (const auto& [player, count] : made.parameters) parameters[player] = count;
    const nlohmann::ordered_json json = {{"recipe", recipe->name},
                                         {"steps", made.steps},
                                         {"examples", made.examples},
                                         {"step_seconds", made.step_seconds},
                                         {"step_seconds_low", made.low},
                                         {"step_seconds_high", made.high},
                                         {"seconds", made.seconds()},
                                         {"stage", made.stage},
                                         {"memory", made.memory},
                                         {"checkpoint", made.checkpoint},
                                         {"disk", made.disk},
                                         {"parameters", parameters}};
    fmt::print("{}\n", json.dump(2));
    return ExitCode::ok;
  }
  const auto all = static_cast<double>(made.steps);
  fmt::print("{}: {} on {}\n", recipe->name, counted(made.steps, "step"), counted(made.examples, "example"));
  fmt::print("  time    {}, {} to {} (the middle half of {} timed steps{})\n",
             format_duration(made.seconds()), format_duration(made.low * all),
             format_duration(made.high * all), request.steps,
             recipe->stages.size() > 1 ? fmt::format(" of stage {}; others may differ", made.stage) : "");
  fmt::print("  memory  {} so far\n", format_bytes(made.memory));
  fmt::print("  disk    {}, {} for each checkpoint\n", format_bytes(made.disk),
             format_bytes(made.checkpoint));
  for (const auto& [player, count] : made.parameters)
    fmt::print("  player  {}: {}\n", player, counted(count, "parameter"));
  return ExitCode::ok;
}

}  // namespace

void add_plan(Verb program) {
  auto request = std::make_shared<PlanRequest>();
  auto verb = program.verb("plan", "Tell how long a training would take, and what it needs");
  verb.option("recipe", request->recipe, "Recipe, TOML file or model").required();
  verb.option("--set", request->settings, "KEY=VALUE: any setting");
  verb.option("--steps", request->steps, "Steps to time").between(1, 10'000);
  verb.flag("--json", request->json, "Print JSON, for programs");
  verb.does([request] { return plan(*request); });
}

}  // namespace belamy::cli
