// Whether a recipe's model can be trained on its data with its settings.
#pragma once

#include "belamy/recipe.h"

namespace belamy {

/// Nothing, or an error with the cure: images for points, data that the model would never read, a relation
/// that it needs and the data do not have, settings that contradict each other or the data.
void check_recipe(const Recipe& recipe, const DataShape& shape);

}  // namespace belamy
