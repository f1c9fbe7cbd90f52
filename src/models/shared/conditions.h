// The conditions of conditional models: one vector for each datum or sample, its class as one-hot values
// followed by its attributes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "belamy/group.h"
#include "belamy/model.h"

#include "models/shared/adversarial_model.h"
#include "models/shared/seen_rows.h"

namespace belamy::models {

/// A model that takes attributes registers it as a module: it stores attributes of past data, from which
/// samples take those that a request leaves open.
class Conditions : public torch::nn::Module, public ProcessBuffers {
 public:
  explicit Conditions(const DataShape& shape, bool with_attributes = true);

  std::int64_t size() const { return classes_ + attributes_; }
  std::int64_t classes() const { return classes_; }
  /// The conditions of examples whose labels are all known: [N, size].
  Tensor of(const Examples& examples) const;
  /// The conditions of a request: [N, size]. Without requested classes each is drawn equally often;
  /// attributes that are left open are those of data.
  Tensor asked(const SampleRequest& request) const;
  /// Random conditions, all classes equally likely: [n, size].
  Tensor draw(std::int64_t n, at::Generator generator) const;
  /// Stores the attributes of a step's examples in place of the oldest.
  void remember(const Examples& examples, std::int64_t step);
  std::vector<Tensor> own_buffers() const override { return {seen_.rows()}; }

 private:
  Tensor one_hot(const Tensor& labels) const { return at::one_hot(labels, classes_).to(torch::kFloat); }
  Tensor draw_attributes(std::int64_t n, at::Generator generator) const;
  /// Joins the parts that are defined.
  Tensor joined(const Tensor& classes, const Tensor& attributes) const;

  std::int64_t classes_, attributes_;
  SeenRows seen_;
};

/// Conditions as the codes of a generator.
inline Codes codes_of(const std::shared_ptr<Conditions>& conditions) {
  return {conditions->size(),
          [conditions](std::int64_t n, at::Generator generator) { return conditions->draw(n, generator); }};
}

/// What is wrong with the data for a model that needs every datum's class, or, with_attributes, its
/// attributes; empty: nothing.
Fault check_conditions(const DataShape& shape, const Recipe& recipe, bool with_attributes = true);

}  // namespace belamy::models
