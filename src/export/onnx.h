// Graphs of LibTorch's operations as files of ONNX (https://onnx.ai), opset 17.
#pragma once

#include <map>
#include <string>
#include <torch/types.h>

#include "export/graph.h"

namespace belamy {

/// A usage error names an operation that has no counterpart here. `names` gives tensors of weights the names that they
/// have in the file.
std::string encode_onnx(const ExportedGraph& graph, const ExportedFunction& function,
                        const std::map<std::string, torch::Tensor>& names,
                        const std::map<std::string, std::string>& facts);

}  // namespace belamy
