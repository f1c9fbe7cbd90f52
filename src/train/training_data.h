// The training data of a recipe.
#pragma once

#include <memory>

#include "belamy/recipe.h"

#include "data/dataset.h"

namespace belamy {

/// The training data of a recipe, and a copy of the recipe. If the recipe leaves size or channels open, the
/// copy has the chosen values, so that its settings always give the same data.
struct TrainingData {
  std::unique_ptr<Recipe> recipe;
  Dataset data;
};
TrainingData training_data(const Recipe& recipe);

/// The requirements of the recipe's model on the sides of images.
ImageSides sides_of(const Recipe& recipe);

}  // namespace belamy
