// The verb `docs`: writes pages in Markdown about verbs, models, recipes and settings.
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "belamy/options.h"
#include "belamy/recipe.h"

#include "cli/outputs.h"
#include "cli/pages.h"
#include "cli/verbs.h"
#include "core/fields_text.h"
#include "core/markdown.h"
#include "core/text.h"
#include "core/version.h"
#include "recipes.h"

namespace belamy::cli {
namespace {

// The line of every page by which a later call knows that it may replace the page.
constexpr std::string_view page_mark = "Written by `belamy docs`";

std::string head(const std::string& title, const std::string& text) {
  return fmt::format("# {}\n\n{} of Belamy {}. {}\n", title, page_mark, version(), text);
}

std::string verbs_page(const Verb& program) {
  auto page = head("Commands",
                   "`belamy COMMAND --help` shows the same in a terminal, `belamy man` as a manual page.");
  for (const auto& verb : verb_texts(program)) {
    page += fmt::format("\n## {}\n\n{}.\n", verb.name, markdown_text(verb.help));
    std::vector<std::vector<std::string>> rows;
    for (const auto& option : verb.options)
      rows.push_back({markdown_code(option.spelling), markdown_text(option.help)});
    if (!rows.empty()) page += "\n" + markdown_table({"argument or option [default]", "meaning"}, rows);
  }
  page += "\n## Exit codes\n\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& [code, meaning] : exit_texts())
    rows.push_back({fmt::format("{}", static_cast<int>(code)), meaning});
  return page + markdown_table({"code", "meaning"}, rows);
}

// The settings that every run has, with Belamy's defaults. PLAYER stands for the name of a player.
struct CommonSettings {
  DataOptions data;
  TrainOptions train;
  PlayerOptions player;
  Fields fields;

  CommonSettings() {
    fields.group("data", [&](Fields& f) { data.fields(f); });
    fields.group("train", [&](Fields& f) { train.fields(f); });
    fields.group("optimizer.PLAYER", [&](Fields& f) { player.fields(f); });
  }
  CommonSettings(const CommonSettings&) = delete;
  CommonSettings& operator=(const CommonSettings&) = delete;

  /// Whether every run has this setting with this default.
  bool has(const Fields::Field& field) const {
    auto key = field.key;
    if (constexpr std::string_view table = "optimizer."; key.starts_with(table))
      key.replace(table.size(), key.find('.', table.size()) - table.size(), "PLAYER");
    const auto* common = fields.find(key);
    return common && common->get() == field.get();
  }
  std::vector<Fields::Field> in(const std::string& table) const {
    std::vector<Fields::Field> found;
    for (const auto& field : fields.all())
      if (field.key.starts_with(table + ".")) found.push_back(field);
    return found;
  }
};

std::string settings_page(const CommonSettings& common) {
  auto page = head(
      "Settings of every run",
      "A recipe sets them in the tables `[data]`, `[train]` and `[optimizer.PLAYER]`, the command line by "
      "`--set KEY=VALUE`. [models.md](models.md) has the settings of each model.");
  page += "\n## Data\n\n" + fields_markdown(common.in("data"));
  page += "\n## Training\n\n" + fields_markdown(common.in("train"));
  page +=
      "\n## Optimisers\n\n`PLAYER` stands for the name of a player, such as `generator`: a group of parameters that are "
      "optimised together. `belamy models NAME` names the players of a model.\n\n";
  return page + fields_markdown(common.in("optimizer.PLAYER"));
}

std::string models_page(const CommonSettings& common) {
  auto page = head("Models",
                   "Below each model are its settings. The settings that every run has are in "
                   "[settings.md](settings.md), and here only where the model has another default.");
  for (const auto& family : model_families()) {
    page += fmt::format("\n## {}\n\n{}", family, models_table(family));
    for (const auto& info : all_models()) {
      if (info.family != family) continue;
      const auto recipe = Recipe::load(info.name);
      std::vector<Fields::Field> own;
      for (const auto& field : recipe->fields().all())
        if (!common.has(field)) own.push_back(field);
      page += fmt::format("\n### {}\n\n", info.name);
      page += own.empty() ? "All settings are those of every run.\n" : fields_markdown(own);
    }
  }
  return page;
}

std::string recipes_page() {
  auto page = head("Recipes",
                   "`belamy train NAME` trains a recipe. A recipe is a file of the settings that differ from "
                   "the defaults; a copy of one can be changed and trained by its path.");
  std::map<std::string, std::string_view> texts;
  for (const auto& [path, text] : embedded_recipes()) texts[path] = text;
  std::map<std::string, std::vector<RecipeEntry>> families;  // by their folder
  for (const auto& recipe : all_recipes())
    families[std::filesystem::path(recipe.file).parent_path().filename().string()].push_back(recipe);
  for (const auto& [family, recipes] : families) {
    page += fmt::format("\n## {}\n\n", family);
    std::vector<std::vector<std::string>> rows;
    for (const auto& recipe : recipes)
      rows.push_back({markdown_code(recipe.name), markdown_code(recipe.model), markdown_text(recipe.title)});
    page += markdown_table({"recipe", "model", "what it trains"}, rows);
    for (const auto& recipe : recipes)
      page += fmt::format("\n### {}\n\n```toml\n{}\n```\n", recipe.name, trimmed(texts.at(recipe.file)));
  }
  return page;
}

ExitCode write_pages(const Verb& program, const std::string& folder) {
  const auto place = OutputPath::named("folder", folder, {OutputKind::folder});
  // All are checked before the first is written.
  constexpr std::array names = {"verbs.md", "models.md", "recipes.md", "settings.md"};
  std::vector<OutputPath> files;
  for (const auto* name : names) files.push_back(place.below(name, page_mark));
  const CommonSettings common;
  const std::array pages = {verbs_page(program), models_page(common), recipes_page(), settings_page(common)};
  for (std::size_t i = 0; i < names.size(); ++i) write_output(files[i], pages[i]);
  fmt::print("{} in {}: {}\n", counted(names.size(), "page"), place.string(), fmt::join(names, ", "));
  return ExitCode::ok;
}

}  // namespace

void add_docs(Verb program) {
  const auto folder = std::make_shared<std::string>();
  auto verb = program.verb("docs", "Write pages in Markdown about commands, models, recipes and settings");
  verb.option("folder", *folder, "Folder of the pages").required();
  verb.does([program, folder] { return write_pages(program, *folder); });
}

}  // namespace belamy::cli
