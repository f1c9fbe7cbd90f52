// Semi-supervised GAN: Salimans et al. 2016 (arXiv:1606.03498), section 5, the networks of its
// MNIST experiment.
//
//   The discriminator has K outputs l; the class "generated" is a K+1st output fixed at 0, so that
//   D(x) = sum exp(l) / (sum exp(l) + 1) = sigmoid(logsumexp(l)).
//   D descends  -E log D(x) - E log(1 - D(G(z))) + label_weight * E -log p(y | x, y <= K) on the labelled
//   data, G descends feature matching on D's last hidden layer.
//
// As in the authors' code, only the last of D's normalised layers learns its scales: larger scales in the
// others would make the noise between the layers small beside the signal. Nor does G's batch norm.
//
// Departures: G's features are matched to the batch that D saw; Adam adds 1e-4 to the root, where the authors
// add 1e-8 to the square.

#include <torch/types.h>
#include <torch/utils.h>

#include "models/shared/adversarial_model.h"
#include "models/shared/labels.h"
#include "nn/init.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

struct SemiGanConfig : AdversarialConfig {
  std::vector<std::int64_t> generator = {500, 500};
  std::vector<std::int64_t> discriminator = {1000, 500, 250, 250, 250};
  double input_noise = 0.3;
  double hidden_noise = 0.5;
  double label_weight = 2;

  SemiGanConfig() {
    prior = "uniform";
    adversarial_weight = 0;
    feature_matching = 1;
  }
  void fields(Fields& f) override {
    latent_fields(f);
    game_fields(f);
    f.add("generator", generator, {1, 8192}, "widths of the generator's hidden layers");
    f.add("discriminator", discriminator, {1, 8192}, "widths of the discriminator's hidden layers");
    f.add("input_noise", input_noise, {0, 10}, "standard deviation of the noise on D's input, in [0, 1]");
    f.add("hidden_noise", hidden_noise, {0, 10}, "standard deviation of the noise on D's hidden layers");
    f.add("label_weight", label_weight, {0, 1e6},
          "weight of the labels' cross-entropy beside the game's loss");
  }
};

class SemiGan final : public AdversarialModel, public Classifier {
 public:
  SemiGan(const DataShape& shape, const SemiGanConfig& config, at::Generator generator)
      : AdversarialModel(config, shape, config.latent), label_weight_(config.label_weight) {
    auto width = config.latent;
    for (const auto next : config.generator) {
      generator_->add(std::make_shared<nn::Dense>(width, next))
          .add(std::make_shared<nn::Norm>("batch", next, 0, /*scales=*/false))
          .add(nn::activation("softplus"));
      width = next;
    }
    generator_->add(std::make_shared<nn::Dense>(width, shape.values(), nn::Weighting::scaled));
    if (shape.is_images()) generator_->add([](const Tensor& x) { return x.sigmoid() * 2 - 1; });
    generator_->add([shape](const Tensor& x) { return x.view(shape.sizes(x.size(0))); });

    const bool images = shape.is_images();
    discriminator_->add([images](const Tensor& x) { return images ? (x.flatten(1) + 1) * 0.5 : x; });
    width = shape.values();
    auto noise = config.input_noise;
    const auto dense = [&](std::int64_t next, nn::Weighting weighting) {
      discriminator_->add(std::make_shared<nn::Noise>(noise, generator));
      discriminator_->add(std::make_shared<nn::Dense>(width, next, weighting));
      noise = config.hidden_noise;
      width = next;
    };
    for (const auto next : config.discriminator) {
      dense(next, nn::Weighting::directed);
      discriminator_->add(nn::activation("relu"));
    }
    const auto features_end = discriminator_->size();
    dense(shape.classes, nn::Weighting::scaled);

    nn::initialise(*generator_, nn::Init::glorot, generator);
    nn::initialise(*discriminator_, nn::Init::wide, generator);
    begin_game(generator, features_end);
  }

  void step(const Batch& batch, StepContext& context) override {
    if (context.step() == 0) {
      const nn::DataStart start;
      discriminator_->forward(batch.data);
    }
    AdversarialModel::step(batch, context);
  }

  Classifier* classifier() override { return this; }
  std::int64_t classes() const override { return shape_.classes; }
  Tensor classify(const Tensor& data) override { return discriminator_->forward(data); }

 protected:
  Tensor verdict(const Tensor& outputs) const override { return outputs.logsumexp(1); }

  Game::Round round(const Batch& batch, StepContext& context) override {
    auto round = AdversarialModel::round(batch, context);
    const auto& known = labelled_part(batch);
    round.further = known.data;
    round.discriminator_terms = [this, &known, &context](const Game::Outputs& outputs) {
      return label_weight_ * labelled_loss(outputs.further, known.labels, context);
    };
    return round;
  }

 private:
  double label_weight_;
};

Fault check_semi_gan(const DataShape& shape, const Recipe& recipe) {
  if (auto wrong = check_labels(shape)) return wrong;
  if (config_of<SemiGanConfig>(recipe).packing > 1)
    return {"a pack has no single class", {"model.packing=1"}};
  return check_game(recipe);
}

}  // namespace

ModelInfo semi_gan() {
  return describe<SemiGan, SemiGanConfig>({
      .name = "semi-gan",
      .family = "gan",
      .summary = "semi-supervised GAN: the discriminator is a classifier of K classes and one for samples",
      .paper = "Salimans et al., Improved Techniques for Training GANs, NIPS 2016",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::classifier, Capability::scorer},
      .players = {{"discriminator", {.lr = 3e-3, .beta1 = 0.5, .epsilon = 1e-4, .average = 0.9999}},
                  {"generator", {.lr = 3e-3, .beta1 = 0.5, .epsilon = 1e-4}}},
      .points = true,
      .check = check_semi_gan,
      .advise = advise_game,
      .tiny = {"model.generator=[32]", "model.discriminator=[64, 32]", "model.latent=8"},
      .variants = {"data.labelled=20", "model.feature_layer=3", "model.adversarial_weight=1", "model.r1=0.1"},
  });
}

}  // namespace belamy::models
