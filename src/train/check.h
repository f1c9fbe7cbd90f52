// Whether a recipe's model can be trained on its data with its settings.
#pragma once

#include "belamy/recipe.h"

namespace belamy {

/// Throws an error with the cure if it cannot: points for a model of images or the reverse, data that the
/// model would never read, a relation that the data do not have, images of a wrong size, an unknown stage,
/// settings that contradict each other or the data.
void check_recipe(const Recipe& recipe, const DataShape& shape);

}  // namespace belamy
