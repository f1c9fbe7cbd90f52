#include "belamy/recipe.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <limits>

#include "belamy/error.h"

#include "core/env.h"
#include "core/shell.h"
#include "core/toml_table.h"
#include "recipes.h"
#include "report/scores.h"
#include "store/run_folder.h"

namespace belamy {
namespace {

// Root keys that describe the recipe rather than the run.
struct Description {
  std::string model, name, title, citation;
};

// Earlier versions wrote "SCORE-max" for "SCORE.max".
void modernise_expectations(TomlDocument& document) {
  for (auto& [key, value, origin] : document.entries) {
    if (key.starts_with("expect.") && (key.ends_with("-max") || key.ends_with("-min")))
      key[key.size() - 4] = '.';
  }
}

void check_score(const std::string& score, const std::string& origin) {
  if (find_score(score)) return;
  const auto near = nearest(score, score_keys());
  throw usage_error(
      fmt::format("{}: 'belamy evaluate' has no score '{}'", origin, score),
      near.empty() ? "'belamy evaluate --list' lists all" : fmt::format("did you mean '{}'?", near));
}

Expectation expectation_of(const std::string& score, const TomlDocument& document) {
  check_score(score, document.origin);
  Expectation expectation{score, {}};
  TomlTable table(document, "the expectation of " + score);
  expectation.bounds.read(table);
  table.finish();
  if (!expectation.bounds.complete())
    throw usage_error(
        fmt::format("{}: the expectation of {} must have {}", document.origin, score, Bounds::kForm));
  return expectation;
}

// Some settings had other names in earlier versions; runs of these versions can still be opened.
std::string present_name(const std::string& key, const Fields& fields) {
  constexpr std::pair<const char*, const char*> renamed[] = {{"model.sample_steps", "use.gibbs_steps"},
                                                             {"model.chain_steps", "use.chain_steps"},
                                                             {"model.pool", "model.replay"},
                                                             {"model.history", "model.replay"}};
  for (const auto& [before, now] : renamed) {
    if (key == before && !fields.find(before) && fields.find(now)) return now;
  }
  return key;
}

// `settings` are bound to `train` and to a copy of the players, so that wrong settings of a stage are found before
// the run.
StageOptions stage_of(const TomlDocument& document, Fields& settings, const TrainOptions& train) {
  StageOptions stage;
  TomlTable table(document, "a [[stage]]");
  table.text("name", stage.name);
  table.integer("steps", stage.steps, {1, std::numeric_limits<std::int64_t>::max()});
  for (const auto& entry : table.beginning("train.batch", "train.batch")) {
    settings.set(entry.key, entry.value, entry.origin);
    stage.batch = train.batch;
  }
  for (const auto& entry : table.beginning("optimizer.", "optimizer.PLAYER.KEY")) {
    settings.set(entry.key, entry.value, entry.origin);
    stage.settings.push_back(entry.key + "=" + to_toml(entry.value));
  }
  table.finish();
  if (stage.steps == 0)
    throw usage_error(fmt::format("{}: stage '{}' has no steps", document.origin, stage.name));
  return stage;
}

Error is_folder(const std::string& path) {
  const auto settings = std::filesystem::path(path) / RunFolder::settings_file;
  if (!Env::real().exists(settings))
    return usage_error(fmt::format("'{}' is a folder, not a recipe", path), "name a recipe file in it");
  return usage_error(fmt::format("'{}' is the folder of a run, not a recipe", path),
                     fmt::format("resume the run with --resume --out {}, or train its recipe again with {}",
                                 shell_word(path), shell_word(settings.string())));
}

}  // namespace

Recipe::Recipe(const ModelInfo& info) : model(&info), config(info.config()) {
  for (const auto& player : info.players) players[player.name] = player.defaults;
  fields_.group("data", [&](Fields& f) { data.fields(f); });
  fields_.group("train", [&](Fields& f) { train.fields(f); });
  for (const auto& player : info.players) {
    fields_.group("optimizer." + player.name, [&](Fields& f) { players[player.name].fields(f); });
  }
  fields_.group("model", [&](Fields& f) { config->fields(f); });
  fields_.group("use", [&](Fields& f) { config->use_fields(f); });
  fields_.group("from", [&](Fields& f) {
    for (const auto& parent : info.parents) f.add(parent.name, parents[parent.name], parent.help);
  });
  for (const auto& setting : info.defaults) fields_.set_text(setting);
}

std::unique_ptr<Recipe> Recipe::parse(const std::string& text, const std::string& origin,
                                      const std::vector<std::string>& overrides) {
  auto document = parse_toml(text, origin);
  modernise_expectations(document);
  TomlTable table(document, "a recipe");
  Description about;
  table.text("model.name", about.model);
  table.text("name", about.name);
  table.text("title", about.title);
  table.text("citation", about.citation);
  if (about.model.empty()) {
    for (const auto& entry : document.entries) {
      const auto name = entry.key.substr(0, entry.key.find('.'));
      if (name != "model" && !nearest(name, {"model"}).empty())
        throw usage_error(fmt::format("{}: unknown table [{}]", entry.origin.text, name),
                          "did you mean [model]?");
    }
    throw usage_error(origin + ": the recipe names no model", "add: [model] name = \"dcgan\"");
  }
  std::unique_ptr<Recipe> recipe(new Recipe(find_model(about.model)));
  recipe->name = about.name.empty() ? std::filesystem::path(origin).stem().string() : about.name;
  recipe->title = about.title;
  recipe->citation = about.citation;
  for (const auto& [score, bounds] : table.tables("expect"))
    recipe->expectations.push_back(expectation_of(score, bounds));
  for (const auto& entry : table.others()) {
    if (entry.key.starts_with("expect.")) {
      const auto score = entry.key.substr(std::string("expect.").size());
      check_score(score, entry.origin.text);
      throw usage_error(fmt::format("{}: an expectation must have {}", entry.origin.text, Bounds::kForm),
                        fmt::format("write: {} = {{ max = 0.5 }}", score));
    }
    recipe->fields_.set(present_name(entry.key, recipe->fields_), entry.value, entry.origin);
  }
  for (const auto& stage : table.list("stage")) {
    auto players = recipe->players;
    auto train = recipe->train;
    Fields settings;
    settings.group("train", [&](Fields& f) { train.fields(f); });
    for (auto& [name, options] : players) {
      settings.group("optimizer." + name, [&options = options](Fields& f) { options.fields(f); });
    }
    recipe->stages.push_back(stage_of(stage, settings, train));
  }
  table.finish();
  for (const auto& setting : overrides) {
    recipe->fields_.set_text(setting);
    const auto key = setting.substr(0, setting.find('='));
    for (const std::string length : {"steps", "epochs"}) {
      if (recipe->stages.empty() || (key != length && key != "train." + length)) continue;
      throw usage_error(
          fmt::format("{}: the length of recipe {} is the sum of its stages", key, recipe->name),
          "copy the recipe to a file and change the steps of its [[stage]] tables");
    }
  }
  if (recipe->stages.empty()) recipe->stages.push_back({});
  return recipe;
}

std::unique_ptr<Recipe> Recipe::load(const std::string& name, const std::vector<std::string>& overrides) {
  std::vector<std::string> known;
  for (const auto& [path, text] : embedded_recipes()) {
    const auto stem = std::filesystem::path(path).stem().string();
    if (stem == name) return parse(std::string(text), path, overrides);
    known.push_back(stem);
  }
  for (const auto& info : all_models()) {
    if (info.name == name) return parse("[model]\nname = \"" + name + "\"\n", name, overrides);
    known.push_back(info.name);
  }
  auto& env = Env::real();
  if (name.find(".toml") != std::string::npos || name.find('/') != std::string::npos) {
    if (!env.exists(name)) throw usage_error("there is no recipe file '" + name + "'");
    if (std::filesystem::is_directory(name)) throw is_folder(name);
    return parse(env.read(name), name, overrides);
  }
  throw usage_error(
      "no recipe or model is called '" + name + "'",
      suggestion(name, known) + "'belamy recipes' and 'belamy models' list all; a file's name ends in .toml");
}

std::string Recipe::resolved() const {
  std::string out = fmt::format("name = {}\ntitle = {}\ncitation = {}\n\n", to_toml(Value(name)),
                                to_toml(Value(title)), to_toml(Value(citation)));
  const auto body = fields_.to_toml();
  // The model's name goes into its table.
  const std::string table = "[model]\n";
  const auto at = body.find(table);
  const auto line = "name = " + to_toml(Value(model->name)) + "\n";
  out += at == std::string::npos ? body + "\n" + table + line
                                 : body.substr(0, at) + table + line + body.substr(at + table.size());
  if (!expectations.empty()) {
    out += "\n[expect]\n";
    for (const auto& [score, bounds] : expectations) {
      std::string parts;
      for (const auto& [key, value] : bounds.set())
        parts += fmt::format("{}{} = {}", parts.empty() ? "" : ", ", key, to_toml(Value(value)));
      out += fmt::format("{} = {{ {} }}\n", score, parts);
    }
  }
  for (const auto& stage : stages) {
    if (stage.steps == 0) continue;
    out += fmt::format("\n[[stage]]\nname = {}\nsteps = {}\n", to_toml(Value(stage.name)), stage.steps);
    if (stage.batch > 0) out += fmt::format("train.batch = {}\n", stage.batch);
    for (const auto& setting : stage.settings) {
      const auto equals = setting.find('=');
      out += setting.substr(0, equals) + " = " + setting.substr(equals + 1) + "\n";
    }
  }
  return out;
}

std::int64_t Recipe::total_steps(std::int64_t count) const {
  if (stages.size() > 1 || stages[0].steps > 0) {
    std::int64_t total = 0;
    for (const auto& stage : stages) total += stage.steps;
    return total;
  }
  if (train.steps > 0) return train.steps;
  return train.epochs * ((count + train.batch - 1) / train.batch);
}

std::vector<RecipeEntry> all_recipes() {
  std::vector<RecipeEntry> all;
  for (const auto& [path, text] : embedded_recipes()) {
    const auto recipe = Recipe::parse(std::string(text), path);
    all.push_back({std::filesystem::path(path).stem().string(), recipe->title, recipe->model->name, path});
  }
  return all;
}

}  // namespace belamy
