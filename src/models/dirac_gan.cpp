// Dirac-GAN: Mescheder, Geiger & Nowozin 2018 (arXiv:1801.04406), section 2: the smallest game that may
// not converge.
//
//   The generator makes the single point theta; D(x) = sigmoid(psi . x) has no bias. With data at 0 the
//   gradient flow keeps theta^2 + psi^2; R1, instance noise and consensus make it converge.
//
// A demonstration for lectures. Noise is drawn but ignored, so that the common code of GANs serves it.

#include <torch/nn/module.h>
#include <torch/types.h>

#include "models/shared/adversarial_model.h"
#include "nn/substitution.h"

namespace belamy::models {
namespace {

struct DiracConfig : AdversarialConfig {
  double theta = 1;
  double psi = 1;

  DiracConfig() { objective = "minimax"; }
  void fields(Fields& f) override {
    game_fields(f);
    f.add("theta", theta, {-100, 100}, "start value of the generator in every dimension, +- 0.001");
    f.add("psi", psi, {-100, 100}, "start value of the discriminator in every dimension, +- 0.001");
  }
};

Tensor near_by(double start, std::int64_t dimension, at::Generator generator) {
  return torch::randn({dimension}, generator, generator.device()).mul_(1e-3).add_(start);
}

class Point : public torch::nn::Module {
 public:
  explicit Point(const Tensor& start) { theta_ = register_parameter("theta", start); }
  Tensor forward(const Tensor& z) { return nn::present(theta_).expand_as(z).contiguous(); }

 private:
  Tensor theta_;
};

class Slope : public torch::nn::Module {
 public:
  explicit Slope(const Tensor& start) { psi_ = register_parameter("psi", start); }
  Tensor forward(const Tensor& x) { return at::mv(x, nn::present(psi_)).unsqueeze(1); }

 private:
  Tensor psi_;
};

class DiracGan final : public AdversarialModel {
 public:
  DiracGan(const DataShape& shape, const DiracConfig& config, at::Generator generator)
      : AdversarialModel(config, shape, shape.dimension) {
    const auto packed = packed_shape().dimension;
    generator_->add(std::make_shared<Point>(near_by(config.theta, shape.dimension, generator)));
    discriminator_->add(std::make_shared<Slope>(near_by(config.psi, packed, generator)));
    begin_game(generator);
  }
};

Fault check_dirac_gan(const DataShape&, const Recipe& recipe) {
  if (config_of<DiracConfig>(recipe).feature_matching > 0)
    return {"its discriminator has no features", {"model.feature_matching=0"}};
  return check_game(recipe);
}

}  // namespace

ModelInfo dirac_gan() {
  return describe<DiracGan, DiracConfig>({
      .name = "dirac-gan",
      .family = "gan",
      .summary = "one point against a linear discriminator: the smallest game that may not converge",
      .paper =
          "Mescheder, Geiger & Nowozin, Which Training Methods for GANs do actually Converge?, ICML 2018",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer},
      .players = {{"discriminator", {.optimizer = "sgd", .lr = 0.1, .beta1 = 0}},
                  {"generator", {.optimizer = "sgd", .lr = 0.1, .beta1 = 0}}},
      .images = false,
      .points = true,
      .check = check_dirac_gan,
      .advise = advise_game,
      .tiny = {"model.theta=4", "model.objective=non-saturating", "model.r1=1", "optimizer.generator.lr=0.1",
               "optimizer.discriminator.lr=0.1"},
      .variants = {"model.r1=0", "model.instance_noise=0.5", "model.consensus=0.5", "model.unroll=2"},
  });
}

}  // namespace belamy::models
