// What a recipe is trained on.
#pragma once

#include <memory>

#include "belamy/recipe.h"

#include "data/dataset.h"

namespace belamy {

/// The training data of a recipe, and the recipe with the size and channels that were chosen for them where
/// it leaves these open: reading its settings back gives the same data.
struct TrainingData {
  std::unique_ptr<Recipe> recipe;
  Dataset data;
};
TrainingData training_data(const Recipe& recipe);

/// What the recipe's model asks of the sides of images.
ImageSides sides_of(const Recipe& recipe);

}  // namespace belamy
