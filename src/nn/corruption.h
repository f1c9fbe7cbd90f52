// Noise on what a denoising autoencoder is to repair: Vincent et al. 2008.
#pragma once

#include <string>
#include <torch/types.h>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// "none", "gaussian", "masking", "salt-and-pepper".
const std::vector<std::string>& corruption_names();

/// A noisy copy of values whose least is `low` and greatest `high`. gaussian: `level` is the standard
/// deviation as a share of high - low; masking: that share of values becomes `low`; salt-and-pepper: that
/// share becomes `low` or `high`, as likely.
Tensor corrupt(const Tensor& values, const std::string& kind, double level, double low, double high,
               at::Generator generator);

}  // namespace belamy::nn
