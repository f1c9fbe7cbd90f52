// The noise that denoising autoencoders remove: Vincent et al. 2008.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// "none", "gaussian", "masking", "salt-and-pepper".
const std::vector<std::string>& corruption_names();

/// A noisy copy of values in [low, high]. gaussian: `level` is the standard deviation as a share of high -
/// low; masking: that share of the values becomes `low`; salt-and-pepper: that share becomes `low` or `high`,
/// with equal probability.
Tensor corrupt(const Tensor& values, const std::string& kind, double level, double low, double high,
               at::Generator generator);

}  // namespace belamy::nn
