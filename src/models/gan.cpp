// Generative Adversarial Networks: the multilayer perceptron of Goodfellow et al. 2014 (arXiv:1406.2661).
//
//   min_G max_D  E_x log D(x) + E_z log(1 - D(G(z)))
//
// Departures: Adam in place of SGD with momentum; images in [-1, 1] with tanh in place of [0, 1] with
// sigmoid; the rectifier-only generator of the MNIST experiment is kept, with batch norm (a setting).
// Takes images and points.

#include <numbers>
#include <torch/types.h>

#include "models/shared/adversarial_model.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

struct GanConfig : AdversarialConfig {
  std::vector<std::int64_t> generator = {512, 1024};
  std::vector<std::int64_t> discriminator = {512, 256};
  std::string unit = "leaky-relu";
  std::int64_t pieces = 5;
  double dropout = 0.3;
  std::string init = "he";
  double gain = std::numbers::sqrt2;
  double input_scale = 1;

  void fields(Fields& f) override {
    AdversarialConfig::fields(f);
    f.add("generator", generator, {1, 8192}, "widths of the generator's hidden layers");
    f.add("discriminator", discriminator, {1, 8192}, "widths of the discriminator's hidden layers");
    f.add("unit", unit, std::vector<std::string>{"leaky-relu", "relu", "tanh", "maxout"},
          "hidden units of the discriminator; with tanh also of the generator, which has relu otherwise");
    f.add("pieces", pieces, {2, 16}, "number of linear pieces of a maxout unit");
    f.add("dropout", dropout, {0, 0.95}, "dropout rate after each hidden layer of the discriminator");
    f.add("init", init, nn::init_names(),
          "distribution of the initial weights; narrow: N(0, 0.02), wide: N(0, 0.1)");
    f.add("gain", gain, {1e-3, 100}, "length of the rows or columns of orthogonal initial weights");
    f.add("input_scale", input_scale, {1e-6, 1e6}, "factor for the discriminator's input");
  }
};

class Gan final : public AdversarialModel {
 public:
  Gan(const DataShape& shape, const GanConfig& config, at::Generator generator)
      : AdversarialModel(config, shape, config.latent) {
    auto width = config.latent;
    for (const auto next : config.generator) {
      generator_->add(std::make_shared<nn::Dense>(width, next));
      if (config.generator_norm != "none") {
        generator_->add(std::make_shared<nn::Norm>(config.generator_norm, next, config.references()));
      }
      generator_->add(nn::activation(config.unit == "tanh" ? "tanh" : "relu"));
      width = next;
    }
    generator_->add(std::make_shared<nn::Dense>(width, shape.values()));
    if (shape.is_images()) {
      generator_->add(nn::activation("tanh"));
      generator_->add([shape](const Tensor& x) { return x.view(shape.sizes(x.size(0))); });
      discriminator_->add([](const Tensor& x) { return x.flatten(1); });
    }

    const auto weighting = weighting_of(config);
    const auto norm = config.norm_of_discriminator("");
    if (const auto scale = config.input_scale; scale != 1) {
      discriminator_->add([scale](const Tensor& x) { return x * scale; });
    }
    width = packed_shape().values();
    for (const auto next : config.discriminator) {
      if (config.unit == "maxout") {
        discriminator_->add(std::make_shared<nn::Maxout>(width, next, config.pieces, weighting));
      } else {
        discriminator_->add(std::make_shared<nn::Dense>(width, next, weighting));
      }
      if (!norm.empty()) discriminator_->add(std::make_shared<nn::Norm>(norm, next));
      if (config.unit != "maxout") discriminator_->add(nn::activation(config.unit));
      if (config.dropout > 0) discriminator_->add(std::make_shared<nn::Dropout>(config.dropout, generator));
      width = next;
    }
    finish_discriminator(width);

    nn::initialise(*generator_, nn::init_of(config.init), generator, config.gain);
    nn::initialise(*discriminator_, nn::init_of(config.init), generator, config.gain);
    begin_game(generator);
  }
};

Fault check_gan(const DataShape&, const Recipe& recipe) {
  const auto& config = config_of<GanConfig>(recipe);
  if (config.generator_norm == "instance" || config.discriminator_norm == "instance") {
    return {"instance norm needs feature maps, which perceptrons do not have",
            {"model.generator_norm=layer", "model.discriminator_norm=layer"}};
  }
  return check_game(recipe);
}

}  // namespace

ModelInfo gan() {
  return describe<Gan, GanConfig>({
      .name = "gan",
      .family = "gan",
      .summary = "generative adversarial network of two multilayer perceptrons",
      .paper = "Goodfellow et al., Generative Adversarial Networks, NIPS 2014",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .points = true,
      .check = check_gan,
      .advise = advise_game,
      .tiny = {"model.generator=[32]", "model.discriminator=[32]", "model.latent=8"},
      .variants = game_variants({"model.input_scale=0.5"}),
  });
}

}  // namespace belamy::models
