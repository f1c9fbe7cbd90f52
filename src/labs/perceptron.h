// Small networks for labs on the line or in the plane.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "nn/layers.h"

namespace belamy::labs {

using torch::Tensor;

/// Affine maps [N, widths[0]] -> ... -> [N, widths.back()] with `unit` between them; same generator,
/// same weights.
std::shared_ptr<nn::Chain> perceptron(const std::vector<std::int64_t>& widths, const std::string& unit,
                                      at::Generator generator);

/// Linear layers with `unit` between them and one output: [N, in] -> [N].
std::shared_ptr<nn::Chain> critic(std::int64_t in, std::vector<std::int64_t> widths, const std::string& unit,
                                  at::Generator generator);

/// The values of a tensor of any shape, in order.
std::vector<double> values_of(const Tensor& tensor);

}  // namespace belamy::labs
