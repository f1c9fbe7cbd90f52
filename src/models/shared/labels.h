// The common part of models that learn from labels.
#pragma once

#include <string>
#include <torch/types.h>

#include "belamy/model.h"

namespace belamy::models {

/// The examples whose labels are known: those of partly labelled data, else the batch itself.
inline const Examples& labelled_part(const Batch& batch) {
  return batch.labelled.data.defined() ? batch.labelled : batch;
}

/// The classes of a request [N], on the generator's device; 0, 1, ... K - 1, 0, ... where it asks for none.
inline Tensor asked_labels(const SampleRequest& request, std::int64_t classes) {
  const auto device = request.generator.device();
  if (request.condition.labels.defined()) return request.condition.labels.to(device);
  return torch::arange(request.count, torch::TensorOptions(torch::kLong).device(device)) % classes;
}

/// Cross-entropy of logits [N, K] with labels [N]; records it and the share of errors. `smoothing`: the share of a label
/// that is divided equally among all classes.
inline Tensor labelled_loss(const Tensor& logits, const Tensor& labels, StepContext& context,
                            double smoothing = 0) {
  auto loss = at::cross_entropy_loss(logits, labels);
  // LibTorch's own smoothing would wait for a GPU.
  if (smoothing > 0) loss = (1 - smoothing) * loss - smoothing * logits.log_softmax(1).mean();
  context.record("loss/labelled", loss);
  context.record("error/labelled", (logits.argmax(1) != labels).to(torch::kFloat).mean());
  return loss;
}

/// What is wrong with the data for a model that learns from labels; empty: nothing.
inline Fault check_labels(const DataShape& shape) {
  if (shape.classes > 1) return {};
  const auto only = shape.classes == 1 ? shape.class_names.at(0) : shape.only_class;
  if (only.empty()) return {"it needs labels; choose labelled data"};
  return {std::string("all ") + (shape.is_images() ? "pictures" : "points") + " are of one class, '" + only +
          "'; it needs two or more"};
}

}  // namespace belamy::models
