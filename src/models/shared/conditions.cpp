#include "models/shared/conditions.h"

#include <torch/utils.h>

#include "belamy/recipe.h"

#include "models/shared/labels.h"

namespace belamy::models {
namespace {

constexpr std::int64_t kSeen = 1024;  // rows of attributes that are stored

}  // namespace

Conditions::Conditions(const DataShape& shape, bool with_attributes)
    : classes_(shape.classes > 1 ? shape.classes : 0),
      attributes_(with_attributes ? static_cast<std::int64_t>(shape.attributes.size()) : 0) {
  if (attributes_ > 0) seen_ = SeenRows(*this, "seen", kSeen, attributes_);
}

Tensor Conditions::joined(const Tensor& classes, const Tensor& attributes) const {
  if (attributes_ == 0) return classes;
  return classes_ == 0 ? attributes : at::cat({classes, attributes}, 1);
}

Tensor Conditions::of(const Examples& examples) const {
  return joined(classes_ > 0 ? one_hot(examples.labels) : Tensor(), examples.attributes);
}

Tensor Conditions::asked(const SampleRequest& request) const {
  const auto classes = classes_ > 0 ? one_hot(asked_labels(request, classes_)) : Tensor();
  if (attributes_ == 0) return classes;
  auto attributes = draw_attributes(request.count, request.generator);
  if (request.condition.attributes.defined()) {
    const auto wanted = request.condition.attributes.to(attributes.device());
    attributes = at::where(wanted.isnan(), attributes, wanted);
  }
  return joined(classes, attributes);
}

Tensor Conditions::draw(std::int64_t n, at::Generator generator) const {
  const auto options = torch::TensorOptions(torch::kLong).device(generator.device());
  const auto classes = classes_ > 0 ? one_hot(torch::randint(classes_, {n}, generator, options)) : Tensor();
  return joined(classes, attributes_ > 0 ? draw_attributes(n, generator) : Tensor());
}

Tensor Conditions::draw_attributes(std::int64_t n, at::Generator generator) const {
  return seen_.draw(n, generator);
}

void Conditions::remember(const Examples& examples, std::int64_t step) {
  if (attributes_ > 0) seen_.remember(examples.attributes, step);
}

Fault check_conditions(const DataShape& shape, const Recipe& recipe, bool with_attributes) {
  if (recipe.data.labelled > 0) return {"it needs all labels", {"data.labelled=0"}};
  if (with_attributes && !shape.attributes.empty()) return {};
  return check_labels(shape);
}

}  // namespace belamy::models
