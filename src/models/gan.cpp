// Generative Adversarial Networks: the multilayer perceptron of Goodfellow et al. 2014 (arXiv:1406.2661).
//
//   min_G max_D  E_x log D(x) + E_z log(1 - D(G(z)))
//
// Departures: Adam in place of SGD with momentum; images in [-1, 1] with tanh in place of [0, 1] with
// sigmoid; the rectifier-only generator of the MNIST experiment is kept, batch norm in it can be switched on.
// Takes images and points.

#include <torch/torch.h>

#include "models/shared/adversarial_model.h"
#include "nn/init.h"
#include "nn/layers.h"

namespace belamy::models {
namespace {

struct GanConfig : AdversarialConfig {
  std::vector<std::int64_t> generator = {512, 1024};
  std::vector<std::int64_t> discriminator = {512, 256};
  std::string unit = "leaky-relu";
  std::int64_t pieces = 5;
  double dropout = 0.3;
  bool batch_norm = true;

  void fields(Fields& f) override {
    AdversarialConfig::fields(f);
    f.add("generator", generator, {1, 8192}, "widths of the generator's hidden layers");
    f.add("discriminator", discriminator, {1, 8192}, "widths of the discriminator's hidden layers");
    f.add("unit", unit, std::vector<std::string>{"leaky-relu", "relu", "maxout"},
          "the discriminator's hidden units");
    f.add("pieces", pieces, {2, 16}, "linear pieces of a maxout unit");
    f.add("dropout", dropout, {0, 0.95}, "dropout after each hidden layer of the discriminator");
    f.add("batch_norm", batch_norm, "batch norm in the generator's hidden layers");
  }
};

class Gan final : public AdversarialModel {
 public:
  Gan(const DataShape& shape, const GanConfig& config, at::Generator generator)
      : AdversarialModel(config), shape_(shape) {
    generator_ = register_module("generator", std::make_shared<nn::Chain>());
    auto width = config.latent;
    for (const auto next : config.generator) {
      generator_->add(torch::nn::Linear(width, next));
      if (config.batch_norm) generator_->add(torch::nn::BatchNorm1d(next));
      generator_->add(nn::activation("relu"));
      width = next;
    }
    generator_->add(torch::nn::Linear(width, shape.values()));
    if (shape.is_images()) generator_->add(nn::activation("tanh"));

    discriminator_ = register_module("discriminator", std::make_shared<nn::Chain>());
    width = shape.values();
    for (const auto next : config.discriminator) {
      if (config.unit == "maxout") {
        discriminator_->add(std::make_shared<nn::Maxout>(width, next, config.pieces));
      } else {
        discriminator_->add(torch::nn::Linear(width, next)).add(nn::activation(config.unit));
      }
      if (config.dropout > 0) discriminator_->add(std::make_shared<nn::Dropout>(config.dropout, generator));
      width = next;
    }
    discriminator_->add(torch::nn::Linear(width, 1));

    nn::initialise(*generator_, nn::Init::he, generator);
    nn::initialise(*discriminator_, nn::Init::he, generator);
    add_player("discriminator", {discriminator_});
    add_player("generator", {generator_});
  }

 protected:
  Tensor generate(const Tensor& latents) override {
    return generator_->forward(latents).view(shape_.sizes(latents.size(0)));
  }
  Tensor judge(const Tensor& data) override { return discriminator_->forward(data.flatten(1)).squeeze(1); }

 private:
  DataShape shape_;
  std::shared_ptr<nn::Chain> generator_, discriminator_;
};

}  // namespace

ModelInfo gan() {
  return describe<Gan, GanConfig>({
      .name = "gan",
      .family = "gan",
      .summary = "generative adversarial network of two multilayer perceptrons",
      .paper = "Goodfellow et al., Generative Adversarial Networks, NIPS 2014",
      .capabilities = {Capability::sampler, Capability::decoder},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .points = true,
      .tiny = {"model.generator=[32]", "model.discriminator=[32]", "model.latent=8"},
  });
}

}  // namespace belamy::models
