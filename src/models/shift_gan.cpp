// The smallest GAN that has data to learn: the generator shifts its noise, the discriminator is logistic.
//
//   G(z) = z + theta, z ~ N(0, 1);   D(x) = sigmoid(psi . x + b)
//
// A demonstration for lectures. Its one parameter for each dimension learns the data's mean and nothing else.

#include <torch/nn/module.h>
#include <torch/types.h>

#include "models/shared/adversarial_model.h"
#include "nn/init.h"
#include "nn/substitution.h"

namespace belamy::models {
namespace {

struct ShiftConfig : AdversarialConfig {
  double start = 0;

  void fields(Fields& f) override {
    game_fields(f);
    f.add("start", start, {-100, 100}, "start value of theta, +- 0.01");
  }
};

class Shift : public torch::nn::Module {
 public:
  Shift(std::int64_t dimension, double start, at::Generator generator) {
    theta_ = register_parameter(
        "theta", torch::randn({dimension}, generator, generator.device()).mul_(0.01).add_(start));
  }
  Tensor forward(const Tensor& z) { return z + nn::present(theta_); }

 private:
  Tensor theta_;
};

class ShiftGan final : public AdversarialModel {
 public:
  ShiftGan(const DataShape& shape, const ShiftConfig& config, at::Generator generator)
      : AdversarialModel(config, shape, shape.dimension) {
    finish_discriminator(packed_shape().dimension);
    nn::initialise(*discriminator_, nn::Init::glorot, generator);
    generator_->add(std::make_shared<Shift>(shape.dimension, config.start, generator));
    begin_game(generator);
  }
};

Fault check_shift_gan(const DataShape&, const Recipe& recipe) {
  return check_game(recipe);
}

}  // namespace

ModelInfo shift_gan() {
  return describe<ShiftGan, ShiftConfig>({
      .name = "shift-gan",
      .family = "gan",
      .summary =
          "one parameter for each dimension against a logistic discriminator: a minimal example for lectures",
      .paper = "the logistic example of the lectures; the game of Goodfellow et al., NIPS 2014",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer},
      .players = {{"discriminator", {.optimizer = "sgd", .lr = 0.1, .beta1 = 0}},
                  {"generator", {.optimizer = "sgd", .lr = 0.1, .beta1 = 0}}},
      .images = false,
      .points = true,
      .check = check_shift_gan,
      .advise = advise_game,
      .tiny = {"model.start=5", "optimizer.generator.lr=0.1", "optimizer.discriminator.lr=0.1"},
      .variants = {"model.r1=0.5", "model.unroll=2", "model.packing=2"},
  });
}

}  // namespace belamy::models
