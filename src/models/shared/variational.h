// The common part of models with a Gaussian code: p(x|z) and q(z|x).
#pragma once

#include "belamy/recipe.h"

#include "models/shared/code_networks.h"
#include "objectives/likelihood.h"

namespace belamy::models {

struct VariationalConfig : CodeConfig {
  std::string decoder = "bernoulli";
  double sd = 0.1;
  std::string binarise = "none";

  void fields(Fields& f) override;
};

/// p(x|z), computed from a decoder's output.
class Observation {
 public:
  Observation(const VariationalConfig& config, const DataShape& shape)
      : decoder_(config.decoder), sd_(config.sd), binarise_(config.binarise != "none"), shape_(shape) {}

  /// The shape of the decoder's output for a datum.
  DataShape decoder_shape() const;
  /// The data as the model takes it: with binarise=stochastic a fresh draw of black and white pixels whose
  /// means are the grey ones.
  Tensor taken(const Tensor& data, at::Generator generator) const;
  /// log p(taken|z) [N], nats, on [0, 1]; `raw` is the decoder's output.
  Tensor log_likelihood(const Tensor& taken, const Tensor& raw) const;
  /// The levels of the values, as Density::levels() gives them.
  std::int64_t levels() const { return decoder_ == "bernoulli" ? 2 : 0; }
  /// The mean of p(x|z) as data.
  Tensor mean(const Tensor& raw) const;
  /// A draw from p(x|z) of points.
  Tensor draw(const Tensor& raw, at::Generator generator) const;

 private:
  /// Mean and log variance, where both are learned.
  std::pair<Tensor, Tensor> split(const Tensor& raw) const;

  std::string decoder_;
  double sd_;
  bool binarise_;
  DataShape shape_;
};

/// q(z|x): N(mean, exp(log_variance)), [N, Z] each.
struct GaussianCode {
  Tensor mean, log_variance;

  /// From an encoder's output [N, 2 Z].
  static GaussianCode of(const Tensor& both) {
    const auto halves = both.chunk(2, 1);
    return {halves[0], halves[1]};
  }
  Tensor draw(at::Generator generator) const {
    return objectives::reparametrise(mean, log_variance,
                                     torch::randn(mean.sizes(), generator, mean.options()));
  }
  Tensor kl() const { return objectives::kl_to_standard_normal(mean, log_variance); }  ///< to N(0, 1), [N]
};

/// A model that gives the two terms of its bound separately.
class Variational {
 public:
  struct Evidence {
    Tensor log_likelihood;  ///< log p(x|z) of one draw of z: [N], nats
    Tensor kl;              ///< [N], nats; with a learned prior an estimate from that draw
    GaussianCode code;
    Tensor draw;  ///< of z, [N, Z]
  };
  virtual ~Variational() = default;
  /// For data from `Observation::taken`.
  virtual Evidence evidence(const Tensor& taken, at::Generator generator) = 0;
};

/// N(0, 1) on the generator's device, [n, size].
inline Tensor draw_normal(std::int64_t n, std::int64_t size, at::Generator generator) {
  return torch::randn({n, size}, generator, torch::TensorOptions().device(generator.device()));
}

/// What is wrong with the data for these settings; empty: nothing.
Fault check_variational(const DataShape& shape, const Recipe& recipe);

}  // namespace belamy::models
