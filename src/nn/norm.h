// Normalisation of a layer's activations, by name.
#pragma once

#include <cstdint>
#include <string>
#include <torch/nn/module.h>
#include <torch/types.h>
#include <vector>

namespace belamy::nn {

using torch::Tensor;

/// [N, C] or [N, C, H, W] -> the same, scaled and shifted by what is learned for each channel; only shifted
/// where it is made without `scales`.
///
/// - batch: by the batch's mean and variance; in evaluation by their running averages (Ioffe & Szegedy 2015)
/// - layer: by each example's, over all its channels (Ba et al. 2016)
/// - instance: by each example's, channel by channel; needs [N, C, H, W] (Ulyanov et al. 2016)
/// - reference: by those of a reference batch, which is the first `reference` rows of the input
/// - virtual: virtual batch norm, by those of the reference batch together with the example itself (Salimans
///   et al. 2016, arXiv:1606.03498, section 3.5)
///
/// With `reference` and `virtual` the reference rows come out normalised by their own statistics, so that the
/// next layer finds its reference there too.
class Norm : public torch::nn::Module {
 public:
  Norm(const std::string& kind, std::int64_t channels, std::int64_t reference = 0, bool scales = true);
  /// With a rectifier behind it: what is not positive is multiplied by `slope` (1: none, 0: relu).
  Tensor forward(const Tensor& x, double slope = 1);

  /// What comes out for an example depends on the others of its batch.
  bool mixes_examples() const { return kind_ != Kind::layer && kind_ != Kind::instance; }
  static bool needs_reference(const std::string& kind) { return kind == "reference" || kind == "virtual"; }

 private:
  enum class Kind { batch, layer, instance, reference, virtual_batch };
  Tensor normalise(const Tensor& x);
  Tensor by_reference(const Tensor& x) const;
  // Not so while another player's weights stand in: their passes do not belong into what this one remembers.
  bool is_own(const Tensor& weight) const { return &weight == &weight_; }
  void remember(const Tensor& mean, const Tensor& variance, double count);

  Kind kind_;
  std::int64_t reference_;
  Tensor weight_, bias_, running_mean_, running_var_;  // [C]
};

}  // namespace belamy::nn
