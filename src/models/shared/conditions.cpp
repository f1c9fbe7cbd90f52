#include "models/shared/conditions.h"

#include "belamy/recipe.h"

#include "models/shared/labels.h"

namespace belamy::models {

Tensor Conditions::asked(const SampleRequest& request) const {
  return one_hot(asked_labels(request, classes_));
}

Tensor Conditions::draw(std::int64_t n, at::Generator generator) const {
  const auto options = torch::TensorOptions(torch::kLong).device(generator.device());
  return one_hot(torch::randint(classes_, {n}, generator, options));
}

std::string check_conditions(const DataShape& shape, const Recipe& recipe) {
  if (recipe.data.labelled > 0) return "it needs every label; set data.labelled=0";
  return check_labels(shape);
}

}  // namespace belamy::models
