// Weight initialisation from the caller's generator: same seed, same weights, whatever ran before.
#pragma once

#include <numbers>
#include <string>
#include <torch/nn/module.h>
#include <vector>

namespace belamy::nn {

enum class Init {
  /// rows or columns orthogonal, all of one length (Saxe et al. 2014), biases 0; dense layers only
  orthogonal,
  dcgan,   ///< weights N(0, 0.02), batch-norm scales N(1, 0.02), shifts and biases 0 (Radford et al. 2016)
  unit,    ///< weights N(0, 1), biases 0: for equalised weights (Karras et al. 2018)
  wide,    ///< weights N(0, 0.1), biases 0: the directions of normalised layers in Salimans et al. 2016
  he,      ///< weights N(0, 2 / fan_in) for rectifiers (He et al. 2015), biases 0
  glorot,  ///< weights U(-a, a), a = sqrt(6 / (fan_in + fan_out)) for tanh, sigmoid (Glorot & Bengio 2010)
};

/// By name: "he", "glorot", "narrow" (N(0, 0.02), as in DCGAN), "wide" (N(0, 0.1)), "orthogonal".
Init init_of(const std::string& name);
const std::vector<std::string>& init_names();

/// Fills all parameters of `module` and its children. The draws happen on the generator's device. `gain`: the
/// length of rows or columns, for `orthogonal` only.
void initialise(torch::nn::Module& module, Init init, at::Generator generator,
                double gain = std::numbers::sqrt2);

}  // namespace belamy::nn
