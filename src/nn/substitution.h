// Computing with other weights than a network's own, without touching them: unrolled optimiser steps, past
// opponents. Layers of src/nn read their parameters through `present`.
#pragma once

#include <torch/types.h>
#include <unordered_map>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// While it lives, the layers that run in this thread compute with `replacements` in place of `originals`
/// (same number, same shapes); gradients flow to the replacements. The innermost one counts. The layers of
/// LibTorch itself do not take part.
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

/// What a layer has to compute with: the parameter, or what stands in for it.
const Tensor& present(const Tensor& parameter);

/// Flat memory [P] cut into tensors of the shapes of `like`, in order: views.
std::vector<Tensor> cut_like(const Tensor& flat, const std::vector<Tensor>& like);
/// The reverse: all values in order, as one [P].
Tensor flatten(const std::vector<Tensor>& tensors);

}  // namespace belamy::nn
