// What conditional models are told of data and of samples: one vector a datum, its class as one-hot values, then its
// attributes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "belamy/model.h"

#include "models/shared/adversarial_model.h"

namespace belamy::models {

/// A model that takes attributes registers it: it keeps some rows of attributes that were seen, since samples for
/// which nobody asks for attributes show those of some datum.
class Conditions : public torch::nn::Module {
 public:
  explicit Conditions(const DataShape& shape, bool with_attributes = true);

  std::int64_t size() const { return classes_ + attributes_; }
  std::int64_t classes() const { return classes_; }
  /// Of examples whose labels are all known: [N, size].
  Tensor of(const Examples& examples) const;
  /// That samples are to meet: [N, size]. Classes are drawn equally often where none is asked for, attributes that
  /// are not asked for are those of data.
  Tensor asked(const SampleRequest& request) const;
  /// At random, all classes alike: [n, size].
  Tensor draw(std::int64_t n, at::Generator generator) const;
  /// Keeps the attributes of a step's examples in place of the oldest.
  void remember(const Examples& examples, std::int64_t step);

 private:
  Tensor one_hot(const Tensor& labels) const { return at::one_hot(labels, classes_).to(torch::kFloat); }
  Tensor draw_attributes(std::int64_t n, at::Generator generator) const;
  /// Of those parts that there are.
  Tensor joined(const Tensor& classes, const Tensor& attributes) const;

  std::int64_t classes_, attributes_;
  Tensor seen_;  // [R, A]
};

/// Conditions as what a generator gets beside its noise.
inline Codes codes_of(const std::shared_ptr<Conditions>& conditions) {
  return {conditions->size(),
          [conditions](std::int64_t n, at::Generator generator) { return conditions->draw(n, generator); }};
}

/// What is wrong with the data for a model that is told of every datum its class, or with_attributes also its
/// attributes; empty: nothing.
std::string check_conditions(const DataShape& shape, const Recipe& recipe, bool with_attributes = true);

}  // namespace belamy::models
