// Small networks for labs on the line or in the plane.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "nn/init.h"
#include "nn/layers.h"

namespace belamy::labs {

/// Affine maps [N, widths[0]] -> ... -> [N, widths.back()] with `unit` between them; same generator,
/// same weights.
inline std::shared_ptr<nn::Chain> perceptron(const std::vector<std::int64_t>& widths, const std::string& unit,
                                             at::Generator generator) {
  auto chain = std::make_shared<nn::Chain>();
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (i > 0) chain->add(nn::activation(unit));
    chain->add(std::make_shared<nn::Dense>(widths[i], widths[i + 1]));
  }
  nn::initialise(*chain, unit == "tanh" ? nn::Init::glorot : nn::Init::he, generator);
  return chain;
}

/// The values of a tensor of any shape, in order.
inline std::vector<double> values_of(const torch::Tensor& tensor) {
  const auto flat = tensor.detach().to(torch::kFloat64).contiguous().view(-1);
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

}  // namespace belamy::labs
