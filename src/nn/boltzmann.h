// Restricted Boltzmann machine: binary hidden units h, visible units v that are binary or Gaussian.
//
//   E(v, h) = -v b - h c - v W h                               binary: p(v = 1 | h) = sigmoid(b + W h)
//   E(v, h) = |v - b|^2 / (2 s^2) - h c - v W h / s^2          Gaussian: p(v | h) = N(b + W h, s^2)
//   F(v)    = -log sum_h exp(-E(v, h)),   log p(v) = -F(v) - log Z
//
// Smolensky 1986; Hinton 2002; Gaussian units as in Hinton's practical guide (2012), section 13.2.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include "nn/draws.h"

namespace belamy::nn {

using torch::Tensor;

class BoltzmannMachine : public torch::nn::Module {
 public:
  /// `deviation` s of Gaussian visible units; 0: binary ones. Weights are drawn from N(0, 0.01^2), biases 0.
  BoltzmannMachine(std::int64_t visible, std::int64_t hidden, double deviation, at::Generator generator);

  std::int64_t visible() const { return weight.size(0); }
  std::int64_t hidden() const { return weight.size(1); }
  bool gaussian() const { return deviation_ > 0; }
  double deviation() const { return deviation_; }

  /// v W (over s^2 where v is Gaussian), without the bias: [N, H].
  Tensor hidden_field(const Tensor& v) const;
  /// W h, without the bias: [N, V].
  Tensor visible_field(const Tensor& h) const;
  UnitDraw draw_hidden(const Tensor& v, at::Generator generator) const;
  /// Differentiable, unlike the other functions.
  Tensor hidden_means(const Tensor& v) const;
  /// A draw of v and its mean given h.
  UnitDraw draw_visible(const Tensor& h, at::Generator generator, bool mean = true) const;
  Tensor visible_means(const Tensor& h) const;
  /// [N]
  Tensor free_energy(const Tensor& v) const;

  Tensor weight;                     // [V, H]
  Tensor visible_bias, hidden_bias;  // [V], [H]

 private:
  double deviation_;
};

}  // namespace belamy::nn
