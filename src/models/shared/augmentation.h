// Augmentation of what a discriminator sees: Karras et al. 2020, Training Generative Adversarial Networks with Limited
// Data (arXiv:2006.06676).
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include "belamy/group.h"
#include "belamy/model.h"

namespace belamy::models {

/// Changes data and samples alike, each change with probability p: mirroring, moving, scaling, turning, brightness,
/// contrast and, of colour images, saturation. As long as p is clearly below 1, samples learn to look like data, not
/// like changed data.
class Augmentation : public torch::nn::Module, public ProcessBuffers {
 public:
  /// p is `probability` and stays so, or starts there and follows `adapt`: it can move from 0 to 1 within
  /// `images` examples.
  Augmentation(double probability, double target, double images);

  /// Images [N, C, H, W] -> changed ones. Differentiable, but not twice.
  Tensor apply(const Tensor& images, StepContext& context) const;
  /// Raises p if the discriminator is too sure of the data, and lowers it otherwise: more than `target` of the mean of
  /// sign(t) over its verdicts t on data counts as too sure. Records p.
  void adapt(const Tensor& verdicts, StepContext& context);
  std::vector<Tensor> shared_means() const override { return {probability_}; }

 private:
  const double target_, images_;
  Tensor probability_;  // []
};

}  // namespace belamy::models
