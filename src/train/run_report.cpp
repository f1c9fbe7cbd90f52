#include "train/run_report.h"

#include <fmt/format.h>

#include "belamy/error.h"

#include "core/progress.h"
#include "core/shell.h"
#include "core/text.h"

namespace belamy {

std::string describe_data(const Dataset& d) {
  if (!d.is_images()) {
    return fmt::format("{}: {} in {}", d.name, counted(d.count, "point"), counted(d.dimension, "dimension"));
  }
  const auto classes =
      d.class_names.empty() ? std::string("no labels") : counted(d.class_names.size(), "class");
  auto text = fmt::format("{}: {} of {}x{} {}, {}", d.name, counted(d.count, "image"), d.width, d.height,
                          d.channels == 1 ? "gray" : "colour", classes);
  if (const auto count = d.attribute_names.size(); count > 0) text += ", " + counted(count, "attribute");
  if (!d.captions.empty()) text += ", captions";
  if (d.matches) text += "; pairs of one class or of two";
  for (const auto& other : d.others)
    text += (d.paired ? "; each paired with one of " : "; second domain ") + describe_data(other);
  return text;
}

std::unique_ptr<Recipe> recipe_in(const RunFolder& folder, const std::vector<std::string>& overrides) {
  const auto text = folder.read_settings(), origin = (folder.path() / RunFolder::settings_file).string();
  std::unique_ptr<Recipe> recipe;
  try {
    recipe = Recipe::parse(text, origin);
  } catch (const Error& error) {
    throw storage_error(fmt::format("the settings of the run cannot be read: {}", error.message()),
                        fmt::format("restore a good copy of {}", RunFolder::settings_file));
  }
  return overrides.empty() ? std::move(recipe) : Recipe::parse(text, origin, overrides);
}

ComparedRun compared_run(const std::filesystem::path& path) {
  const auto folder = RunFolder::read(Env::real(), path);
  const auto recipe = recipe_in(folder);
  ComparedRun run{path.string(), {{"model", recipe->model->name}}, read_evaluation(folder)};
  for (const auto& field : recipe->fields().all()) run.settings.emplace_back(field.key, field.get());
  return run;
}

std::string use_of(const ModelInfo& model, const std::filesystem::path& run) {
  const auto folder = shell_word(run.string());
  if (model.can(Capability::translator))
    return "belamy translate " + folder + " --data DIR --out translated/";
  if (model.can(Capability::completer) && !model.can(Capability::sampler))
    return "belamy complete " + folder + " --mask centre --out filled.png";
  if (model.can(Capability::text_encoder)) return "belamy match " + folder + " --text TEXT --folder DIR";
  if (model.can(Capability::sampler)) return "belamy sample " + folder + " -n 64 --out samples.png";
  if (model.can(Capability::matcher)) return "belamy match " + folder + " --query F --folder DIR";
  if (model.can(Capability::reconstructor)) return "belamy reconstruct " + folder + " --out copies.png";
  if (model.can(Capability::classifier)) return "belamy classify " + folder + " --data DIR";
  return "belamy evaluate " + folder;
}

void write_run_report(RunFolder& folder, const Recipe& recipe) {
  ReportFacts facts;
  facts.title = recipe.title.empty() ? recipe.name : recipe.title;
  facts.model = recipe.model->name;
  facts.summary = recipe.model->summary;
  facts.citation = recipe.model->paper;
  const auto about = read_about(folder);
  facts.data = about.data;
  if (!about.shown.empty()) facts.shown = about.shown;
  facts.environment = about.environment;
  facts.legend = about.legend;
  facts.messages = read_messages(folder);
  facts.scores = read_evaluation(folder);
  for (const auto& [name, path] : folder.pictures())
    facts.pictures.push_back({name, folder.env().read(path)});
  facts.commands = {
      fmt::format("belamy train {} --out {}", shell_word((folder.path() / RunFolder::settings_file).string()),
                  shell_word(folder.path().string() + "-again")),
      use_of(*recipe.model, folder.path())};
  write_report(folder, facts);
}

}  // namespace belamy
