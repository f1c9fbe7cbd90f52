// The captions of models that draw what a text says: one vector for each caption.
#pragma once

#include <cstdint>
#include <memory>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "belamy/group.h"
#include "belamy/model.h"

#include "models/shared/seen_rows.h"

namespace belamy::models {

/// The name of the parent that encodes texts: [from] text = "runs/x".
inline constexpr const char* kText = "text";

/// Counts of the words of captions [N, L] in a vocabulary of V words, without padding: [N, V - 1].
Tensor word_counts(const Tensor& captions, std::int64_t vocabulary);

/// Codes of captions: those of the parent's text encoder, with values of mean square 1, or without a parent the counts of
/// their words. A
/// model registers it as a module: it stores codes of past data, for samples without a requested text.
class Captions : public torch::nn::Module, public ProcessBuffers {
 public:
  Captions(const DataShape& shape, const Parents& parents);

  std::int64_t size() const { return size_; }
  /// [N, L] -> [N, size], without gradients.
  Tensor of(const Tensor& captions) const;
  /// The codes of a request; of past data where it asks for no text.
  Tensor asked(const SampleRequest& request) const;
  /// n codes of past data.
  Tensor draw(std::int64_t n, at::Generator generator) const { return seen_.draw(n, generator); }
  /// Stores the codes of a step's captions in place of the oldest.
  void remember(const Tensor& codes, std::int64_t step) { seen_.remember(codes, step); }
  std::vector<Tensor> own_buffers() const override { return {seen_.rows()}; }

 private:
  std::int64_t vocabulary_, size_;
  std::shared_ptr<Model> parent_;
  SeenRows seen_;
};

/// What is wrong with the data for a model that learns from captions; empty: nothing.
Fault check_captions(const DataShape& shape, const Recipe& recipe);

}  // namespace belamy::models
