#include "train/check.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "belamy/error.h"

namespace belamy {
namespace {

void check_kind(const Recipe& recipe, const DataShape& shape) {
  const auto& info = *recipe.model;
  if (shape.is_images() ? info.images : info.points) return;
  throw data_error(fmt::format("{} takes {}, but '{}' holds {}", info.name, info.images ? "images" : "points",
                               recipe.data.source, shape.is_images() ? "images" : "points"),
                   "choose other data with --data");
}

// What the settings of the data would have to be for a model of one set.
std::string cure_for_one(const Recipe& recipe) {
  if (!recipe.data.target.empty()) return "leave data.target empty";
  return recipe.data.pairs == "none" ? "choose data that are one set" : "set data.pairs=none";
}

std::string words_for(Relation relation) {
  switch (relation) {
    case Relation::none: return "one set";
    case Relation::pairs: return "pairs";
    case Relation::domains: return "two domains";
    case Relation::matches: return "pairs of equal and of different class";
  }
  return "";
}

void check_relation(const Recipe& recipe, const DataShape& shape) {
  const auto wanted = recipe.model->relation, found = shape.relation;
  const bool classes = wanted != Relation::matches || shape.classes > 1;
  if (found == wanted && classes) return;
  if (wanted == Relation::domains && found == Relation::pairs) return;
  const auto cure = [&]() -> std::string {
    switch (wanted) {
      case Relation::none: return cure_for_one(recipe);
      case Relation::pairs:
        return fmt::format("set data.pairs (belamy models {}), or choose a set of pairs such as glyphs-bold",
                           recipe.model->name);
      case Relation::domains:
        return "name the second with data.target, set data.pairs, or choose a set of pairs such as "
               "glyphs-bold";
      case Relation::matches: return "choose data with classes, and set data.pairs=random";
    }
    return "";
  };
  throw usage_error(fmt::format("{} learns from {}, but these data are {}", recipe.model->name,
                                words_for(wanted), classes ? words_for(found) : "without classes"),
                    cure());
}

void check_stages(const Recipe& recipe, const DataShape& shape) {
  const auto& info = *recipe.model;
  auto known = info.stages ? info.stages(shape, *recipe.config) : std::vector<std::string>();
  known.emplace_back("main");
  for (const auto& stage : recipe.stages) {
    if (std::find(known.begin(), known.end(), stage.name) != known.end()) continue;
    throw usage_error(fmt::format("{} has no stage '{}'", info.name, stage.name),
                      fmt::format("it has {}", fmt::join(known, ", ")));
  }
}

}  // namespace

void check_recipe(const Recipe& recipe, const DataShape& shape) {
  check_kind(recipe, shape);
  check_relation(recipe, shape);
  check_stages(recipe, shape);
  if (!recipe.model->check) return;
  if (const auto wrong = recipe.model->check(shape, recipe); !wrong.empty())
    throw usage_error(fmt::format("{} cannot be trained so: {}", recipe.model->name, wrong));
}

}  // namespace belamy
