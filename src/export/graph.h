// What a capability of a run computes, as a graph of LibTorch's operations that does not need Belamy.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "export/functions.h"

namespace torch::jit {
struct Graph;
}

namespace belamy {

struct ExportedGraph {
  std::shared_ptr<torch::jit::Graph> graph;
  std::vector<torch::Tensor> inputs;  ///< five examples
  torch::Tensor output;               ///< what the function makes of them
  double difference = 0;              ///< from the model, the greatest one; as a share of the largest value
};

/// Runs the function for two sizes of the batch and compares what it did, so that the graph takes any size. Then compares
/// the graph's result with the function's for a third one. A usage error says why a function cannot be exported: it depends
/// on the other examples of the batch, draws random numbers, or computes outside of LibTorch.
ExportedGraph trace(Model& model, const ExportedFunction& function);

/// The graph as a file of TorchScript, whose method `forward` is the function. `facts` are stored beside it.
std::string encode_torchscript(const ExportedGraph& graph, const std::map<std::string, std::string>& facts);

}  // namespace belamy
