#include "train/check.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "belamy/error.h"

#include "train/training_data.h"

namespace belamy {
namespace {

void check_kind(const Recipe& recipe, const DataShape& shape) {
  const auto& info = *recipe.model;
  if (shape.is_images() ? info.images : info.points) return;
  throw data_error(fmt::format("{} takes {}, but '{}' holds {}", info.name, info.images ? "images" : "points",
                               recipe.data.source, shape.is_images() ? "images" : "points"),
                   "choose other data with --data");
}

// What to do if the model takes one set but the data are pairs or domains.
std::string cure_for_one(const Recipe& recipe) {
  if (!recipe.data.target.empty()) return "remove data.target";
  return recipe.data.pairs == "none" ? "choose data that are a single set" : "set data.pairs=none";
}

std::string words_for(Relation relation) {
  switch (relation) {
    case Relation::none: return "one set";
    case Relation::pairs: return "pairs";
    case Relation::domains: return "two domains";
    case Relation::matches: return "pairs of the same class and of different classes";
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
        if (sides_of(recipe).enlarges)
          return "set data.pairs=reduced, which makes A from the pictures of one set";
        return fmt::format(
            "set data.pairs ('belamy models {}' lists its values), or choose pairs such as glyphs-bold",
            recipe.model->name);
      case Relation::domains:
        return "set data.target to the second domain, set data.pairs, or choose a set of pairs such as "
               "glyphs-bold";
      case Relation::matches: return "choose data with classes, and set data.pairs=random";
    }
    return "";
  };
  throw usage_error(fmt::format("{} learns from {}, but these data {}", recipe.model->name, words_for(wanted),
                                classes ? "are " + words_for(found) : "have no classes"),
                    cure());
}

// A model without stages of its own accepts any name.
void check_stages(const Recipe& recipe, const DataShape& shape) {
  const auto& info = *recipe.model;
  if (!info.stages) return;
  auto known = info.stages(shape, *recipe.config);
  if (std::find(known.begin(), known.end(), "main") == known.end()) known.emplace_back("main");
  for (const auto& stage : recipe.stages) {
    if (std::find(known.begin(), known.end(), stage.name) != known.end()) continue;
    throw usage_error(
        fmt::format("{} has no stage '{}'; its stages are {}", info.name, stage.name, fmt::join(known, ", ")),
        "rename the stage in the recipe");
  }
}

std::string size_text(const DataShape& shape) {
  return fmt::format("{}x{}", shape.width, shape.height);
}

void check_enlargement(const Recipe& recipe, const DataShape& shape) {
  const auto& b = shape.others.at(0);
  const auto factor = b.width / shape.width;
  if (factor >= 2 && b.width == factor * shape.width && b.height == factor * shape.height) return;
  throw usage_error(
      fmt::format("{} enlarges images a whole number of times, but those of A are {} and those of B {}",
                  recipe.model->name, size_text(shape), size_text(b)),
      "set data.pairs=reduced, which makes A from the pictures of one set");
}

void check_sides(const Recipe& recipe, const DataShape& shape) {
  if (!shape.is_images()) return;
  const auto needs = sides_of(recipe);
  const auto refuse = [&](const std::string& what, const DataShape& found, const std::string& cure) {
    throw usage_error(fmt::format("{} takes {}, but those of '{}' are {}", recipe.model->name, what,
                                  recipe.data.source, size_text(found)),
                      cure);
  };
  if (needs.enlarges) check_enlargement(recipe, shape);
  for (const auto& other : shape.others) {
    if (needs.enlarges || (other.height == shape.height && other.width == shape.width)) continue;
    throw usage_error(fmt::format("{} takes images of one size, but those of the two domains are {} and {}",
                                  recipe.model->name, size_text(shape), size_text(other)),
                      "set data.size to the side that all images should have");
  }
  if (needs.square && shape.width != shape.height)
    refuse("square images", shape, "set data.size to the side that all images should have");
  if (std::min(shape.width, shape.height) < needs.smallest)
    refuse(fmt::format("images of at least {} pixels a side", needs.smallest), shape,
           fmt::format("set data.size={} or above, which enlarges them", needs.smallest));
  if (needs.largest > 0 && std::max(shape.width, shape.height) > needs.largest)
    refuse(fmt::format("images of at most {} pixels a side", needs.largest), shape,
           fmt::format("set data.size={} or below", needs.largest));
}

}  // namespace

void check_recipe(const Recipe& recipe, const DataShape& shape) {
  check_kind(recipe, shape);
  check_relation(recipe, shape);
  check_stages(recipe, shape);
  check_sides(recipe, shape);
  if (!recipe.model->check) return;
  if (const auto fault = recipe.model->check(shape, recipe)) {
    const auto cure = fault.cure.empty() ? "" : fmt::format("; set {}", fmt::join(fault.cure, " and "));
    throw usage_error(
        fmt::format("{} cannot be trained like this: {}{}", recipe.model->name, fault.what, cure));
  }
}

}  // namespace belamy
