// Tensors as the arrays of safetensors files, and back.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

#include "store/array.h"

namespace belamy {

/// An array as a tensor that shares its memory (on the CPU).
torch::Tensor array_tensor(const Array& array);

/// Arrays of a checkpoint together with the tensors that own their memory.
struct Snapshot {
  ArrayMap arrays;
  StringMap metadata;
  std::vector<torch::Tensor> owners;

  void add(const std::string& name, const torch::Tensor& tensor);
};

}  // namespace belamy
