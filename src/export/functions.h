// What of a run can be exported: its capabilities as functions of tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/model.h"

namespace belamy {

/// A function of tensors whose first dimension is the batch.
struct ExportedFunction {
  struct Input {
    std::string name, text;  ///< "latent", "draws from N(0, 1)"
    std::function<torch::Tensor(std::int64_t n, at::Generator generator)> draw;  ///< examples
  };
  std::string name;  ///< "decoder", "translator:a2b"
  std::vector<Input> inputs;
  std::string output, text;  ///< "image", "[-1, 1]"
  std::function<torch::Tensor(const std::vector<torch::Tensor>& inputs)> compute;
};

/// All that the model, trained on data of this shape, offers. With `bytes`, images come as uint8 from 0 to 255 with three
/// channels. The functions use the model, which must be in evaluation.
std::vector<ExportedFunction> exported_functions(Model& model, const DataShape& shape, bool bytes = false);

}  // namespace belamy
