// What conditional models are told of data and of samples: one vector a datum, classes as one-hot values.
#pragma once

#include <cstdint>
#include <string>
#include <torch/types.h>

#include "belamy/model.h"

namespace belamy::models {

class Conditions {
 public:
  explicit Conditions(const DataShape& shape) : classes_(shape.classes) {}

  std::int64_t size() const { return classes_; }
  std::int64_t classes() const { return classes_; }
  /// Of examples, whose labels are all known: [N, size].
  Tensor of(const Examples& examples) const { return one_hot(examples.labels); }
  /// That samples are to meet; all classes equally often where none is asked for: [N, size].
  Tensor asked(const SampleRequest& request) const;
  /// At random, all classes alike: [n, size].
  Tensor draw(std::int64_t n, at::Generator generator) const;

 private:
  Tensor one_hot(const Tensor& labels) const { return at::one_hot(labels, classes_).to(torch::kFloat); }

  std::int64_t classes_;
};

/// What is wrong with the data for a model that is told of every datum what it shows; empty: nothing.
std::string check_conditions(const DataShape& shape, const Recipe& recipe);

}  // namespace belamy::models
