// Second derivatives of functions whose kernels have only first ones.
#pragma once

#include <torch/autograd.h>
#include <torch/types.h>
#include <vector>

namespace belamy::nn {

/// The result of a backward pass that must itself be differentiable: the gradients of plain(), which computes
/// the same from `inputs` by LibTorch's own operations, for the inputs that need one. The rest of the
/// function's `arguments` get none.
template <class F>
torch::autograd::variable_list plain_gradients(F plain, const std::vector<torch::Tensor>& inputs,
                                               const torch::Tensor& gradient, std::size_t arguments) {
  std::vector<torch::Tensor> wanted;
  for (const auto& each : inputs) {
    if (each.requires_grad()) wanted.push_back(each);
  }
  const auto found = torch::autograd::grad({plain()}, wanted, {gradient}, /*retain_graph=*/true,
                                           /*create_graph=*/true);
  torch::autograd::variable_list all(arguments);
  for (std::size_t i = 0, next = 0; i < inputs.size(); ++i) {
    if (inputs[i].requires_grad()) all[i] = found[next++];
  }
  return all;
}

}  // namespace belamy::nn
