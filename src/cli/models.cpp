#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "belamy/recipe.h"

#include "cli/verbs.h"
#include "core/columns.h"

namespace belamy::cli {
namespace {

std::vector<std::string> capability_names(const ModelInfo& info) {
  std::vector<std::string> names;
  for (const auto capability : info.capabilities) names.emplace_back(capability_name(capability));
  return names;
}

nlohmann::json to_json(const ModelInfo& info) {
  const auto recipe = Recipe::load(info.name);
  nlohmann::json settings = nlohmann::json::array();
  for (const auto& field : recipe->fields().all()) {
    settings.push_back({{"key", field.key},
                        {"type", field.type},
                        {"range", field.range},
                        {"unit", field.unit},
                        {"default", field.fallback},
                        {"help", field.help}});
  }
  std::vector<std::string> players;
  for (const auto& player : info.players) players.push_back(player.name);
  return {{"name", info.name},    {"family", info.family},    {"summary", info.summary},
          {"paper", info.paper},  {"players", players},       {"capabilities", capability_names(info)},
          {"settings", settings}, {"variants", info.variants}};
}

}  // namespace

void add_models(Verb program) {
  auto name = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  auto verb = program.verb("models", "List the models, or show capabilities and settings of one model");
  verb.option("name", *name, "Name of a model [all models]");
  verb.flag("--json", *json, "Print JSON, for programs");
  verb.does([=] {
    if (*json) {
      nlohmann::json all = nlohmann::json::array();
      for (const auto& info : all_models()) {
        if (name->empty() || info.name == *name) all.push_back(to_json(info));
      }
      if (all.empty()) find_model(*name);
      fmt::print("{}\n", name->empty() ? all.dump(2) : all[0].dump(2));
      return ExitCode::ok;
    }
    if (name->empty()) {
      std::vector<std::vector<std::string>> rows;
      for (const auto& info : all_models()) rows.push_back({info.name, info.summary});
      fmt::print("{}\n'belamy models NAME' shows a model's settings, 'belamy train NAME' trains it\n",
                 in_columns(rows));
      return ExitCode::ok;
    }
    const auto& info = find_model(*name);
    fmt::print("{}: {}\n{}\n\ncan       {}\nplayers  ", info.name, info.summary, info.paper,
               fmt::join(capability_names(info), ", "));
    for (const auto& player : info.players) fmt::print(" {}", player.name);
    fmt::print("\n\nsettings, for a recipe or --set KEY=VALUE\n{}", Recipe::load(info.name)->fields().help());
    return ExitCode::ok;
  });
}

void add_recipes(Verb program) {
  auto verb = program.verb("recipes", "List the recipes");
  verb.does([] {
    std::vector<std::vector<std::string>> rows;
    for (const auto& recipe : all_recipes()) rows.push_back({recipe.name, recipe.model, recipe.title});
    fmt::print("{}", in_columns(rows));
    return ExitCode::ok;
  });
}

}  // namespace belamy::cli
