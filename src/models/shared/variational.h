// What models with a Gaussian code share: the distribution of the data given the code, and the code's.
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

/// p(x|z) from what a decoder puts out.
class Observation {
 public:
  Observation(const VariationalConfig& config, const DataShape& shape)
      : decoder_(config.decoder), sd_(config.sd), binarise_(config.binarise != "none"), shape_(shape) {}

  /// What the decoder has to put out for a datum.
  DataShape decoder_shape() const;
  /// The data as the model takes it: with binarise=stochastic a fresh draw of black and white pixels whose
  /// means are the grey ones.
  Tensor taken(const Tensor& data, at::Generator generator) const;
  /// log p(taken|z) [N], nats, on [0, 1]; `raw` is the decoder's output.
  Tensor log_likelihood(const Tensor& taken, const Tensor& raw) const;
  /// The mean of p(x|z) as data.
  Tensor mean(const Tensor& raw) const;
  /// A draw from p(x|z) of points.
  Tensor draw(const Tensor& raw, at::Generator generator) const;

 private:
  /// Mean and logarithm of the variance, where both are learned.
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

/// A model that tells the two terms of its bound, for who wants to see them apart.
class Variational {
 public:
  struct Evidence {
    Tensor log_likelihood;  ///< log p(x|z) of one draw of z: [N], nats
    Tensor kl;              ///< [N], nats; beside a learned prior its estimate by that draw
    GaussianCode code;
  };
  virtual ~Variational() = default;
  /// Of data as `Observation::taken` gives them.
  virtual Evidence evidence(const Tensor& taken, at::Generator generator) = 0;
};

/// N(0, 1) on the generator's device, [n, size].
inline Tensor draw_normal(std::int64_t n, std::int64_t size, at::Generator generator) {
  return torch::randn({n, size}, generator, torch::TensorOptions().device(generator.device()));
}

/// What is wrong with the data for these settings; empty: nothing.
std::string check_variational(const DataShape& shape, const Recipe& recipe);

}  // namespace belamy::models
