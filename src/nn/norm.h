// Normalisation of a layer's activations, by name.
#pragma once

#include <cstdint>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// [N, C] or [N, C, H, W] -> the same shape, normalised, then scaled and shifted by learned values for each
/// channel. Without `scales` it is only shifted.
///
/// - batch: by the batch's mean and variance; in evaluation by their running averages (Ioffe & Szegedy 2015)
/// - layer: by each example's, over all its channels (Ba et al. 2016)
/// - instance: by each example's, channel by channel; needs [N, C, H, W] (Ulyanov et al. 2016)
/// - reference: by those of a reference batch, which is the first `reference` rows of the input
/// - virtual: virtual batch norm, by those of the reference batch together with the example itself (Salimans
///   et al. 2016, arXiv:1606.03498, section 3.5)
///
/// With `reference` and `virtual` the reference rows are normalised by their own statistics, so that they
/// serve the next layer as reference too.
class Norm : public torch::nn::Module {
 public:
  Norm(const std::string& kind, std::int64_t channels, std::int64_t reference = 0, bool scales = true);
  /// Followed by a rectifier: values that are not positive are multiplied by `slope` (1: no rectifier,
  /// 0: relu).
  Tensor forward(const Tensor& x, double slope = 1);

  /// Whether the output for an example depends on the rest of its batch.
  bool mixes_examples() const { return kind_ != Kind::layer && kind_ != Kind::instance; }
  static bool needs_reference(const std::string& kind) { return kind == "reference" || kind == "virtual"; }

 private:
  enum class Kind { batch, layer, instance, reference, virtual_batch };
  Tensor normalise(const Tensor& x);
  Tensor by_reference(const Tensor& x) const;
  // False while substituted weights are in use: such passes must not touch the running statistics.
  bool is_own(const Tensor& weight) const { return &weight == &weight_; }
  void remember(const Tensor& mean, const Tensor& variance, double count);

  Kind kind_;
  std::int64_t reference_;
  Tensor weight_, bias_, running_mean_, running_var_;  // [C]
};

}  // namespace belamy::nn
