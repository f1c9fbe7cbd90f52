#include "train/training_data.h"

namespace belamy {

ImageSides sides_of(const Recipe& recipe) {
  return recipe.model->sides ? recipe.model->sides(recipe) : ImageSides();
}

TrainingData training_data(const Recipe& recipe) {
  TrainingData made{Recipe::parse(recipe.resolved(), recipe.name), {}};
  made.data = load_dataset(made.recipe->data, Split::train, sides_of(recipe));
  return made;
}

}  // namespace belamy
