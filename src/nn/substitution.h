// Running a network with other weights than its own, which stay unchanged: unrolled optimiser steps, past
// opponents. Layers of src/nn read their parameters through `present`.
#pragma once

#include <torch/types.h>
#include <unordered_map>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// While it exists, layers that run in this thread compute with `replacements` in place of `originals` (same
/// number, same shapes); gradients flow to the replacements. Of nested substitutions the innermost counts. It
/// has no effect on LibTorch's own layers.
class Substitution {
 public:
  Substitution(const std::vector<Tensor>& originals, const std::vector<Tensor>& replacements);
  ~Substitution();
  Substitution(const Substitution&) = delete;
  Substitution& operator=(const Substitution&) = delete;

 private:
  friend const Tensor& present(const Tensor& parameter);
  std::unordered_map<const void*, Tensor> replacements_;
  const Substitution* outer_;
};

/// The tensor that a layer must compute with: the parameter, or its replacement.
const Tensor& present(const Tensor& parameter);

/// Flat memory [P] cut into tensors of the shapes of `like`, in order: views.
std::vector<Tensor> cut_like(const Tensor& flat, const std::vector<Tensor>& like);
/// The reverse: all values in order, as one [P].
Tensor flatten(const std::vector<Tensor>& tensors);

}  // namespace belamy::nn
