// pix2pix: Isola, Zhu, Zhou & Efros 2017 (arXiv:1611.07004).
//
//   A U-Net G turns an image a into its partner b; its dropout is the noise z. The discriminator judges
//   pairs, patch by patch:
//
//     discriminator  descends  -log D(a, b) - log(1 - D(a, G(a, z)))
//     generator      descends  -log D(a, G(a, z)) + pixel_weight * |b - G(a, z)|_1
//
//   direction=b2a swaps a and b. adversarial_weight=0 leaves only the second term: regression, pixel
//   by pixel.
//
// Departures: instance norm for any batch size (the same as the paper's batch norm on single images); no
// dropout after training, so that translations are reproducible; the discriminator's loss is not halved,
// which makes almost no difference to Adam.

#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/translation_networks.h"

namespace belamy::models {
namespace {

struct Pix2PixConfig : TranslationConfig {
  std::string direction = "a2b";
  std::string distance = "l1";
  double pixel_weight = 100;
  double dropout = 0.5;

  Pix2PixConfig() { objective = "non-saturating"; }
  void fields(Fields& f) override {
    TranslationConfig::fields(f);
    f.add("direction", direction, std::vector<std::string>{"a2b", "b2a"}, "direction of the translation");
    f.add("distance", distance, std::vector<std::string>{"l1", "l2"},
          "distance of a translation from its target: mean absolute or mean squared error");
    f.add("pixel_weight", pixel_weight, {0, 1e6},
          "weight of the distance from the target in the generator's loss");
    f.add("dropout", dropout, {0, 0.95}, "dropout rate in the decoder's inner layers: the noise");
  }
};

class Pix2Pix final : public Model, public Translator {
 public:
  Pix2Pix(const DataShape& shape, const Pix2PixConfig& config, at::Generator generator) : config_(config) {
    const auto &a = shape, &b = shape.others[0];
    const auto &from = forwards() ? a : b, &to = forwards() ? b : a;
    generator_ = register_module(
        "generator", std::make_shared<UNet>(from, to, config.width, config.norm, config.dropout, generator));
    const auto discriminator = register_module(
        "discriminator",
        std::make_shared<PatchDiscriminator>(a.channels + b.channels, shape, config, generator));
    game_ = std::make_unique<Game>(*this, config, discriminator->setup());
    add_player("generator", {generator_});
    add_player("discriminator", {discriminator});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto &a = batch.data, &b = batch.partner.data;
    const auto &from = forwards() ? a : b, &to = forwards() ? b : a;
    const auto made = generator_->forward(from), difference = made - to;
    const auto pixels = config_.distance == "l1" ? difference.abs().mean() : difference.square().mean();
    auto loss = config_.pixel_weight * pixels;
    if (config_.adversarial_weight > 0) {
      const auto real = at::cat({from, to}, 1), fake = at::cat({from, made}, 1);
      game_->learn({.real = real}, fake.detach(), context);
      loss = loss + game_->generator_loss(fake, real, context);
    }
    context.update("generator", loss);
    context.record("loss/pixels", pixels);
  }

  Translator* translator() override { return this; }
  std::vector<Direction> directions() const override { return {direction()}; }
  Tensor translate(const Tensor& data, Direction) override { return generator_->forward(data); }

 private:
  Direction direction() const { return direction_called(config_.direction).value(); }
  bool forwards() const { return direction() == Direction::a2b; }

  Pix2PixConfig config_;
  std::shared_ptr<UNet> generator_;
  std::unique_ptr<Game> game_;
};

Fault check_pix2pix(const DataShape&, const Recipe& recipe) {
  const auto& settings = config_of<Pix2PixConfig>(recipe);
  if (settings.adversarial_weight == 0 && settings.pixel_weight == 0) {
    return {"the generator's loss has no term", {"model.pixel_weight=100"}};
  }
  return check_translation(settings);
}

}  // namespace

ModelInfo pix2pix() {
  return describe<Pix2Pix, Pix2PixConfig>({
      .name = "pix2pix",
      .family = "translation",
      .summary = "translates images by a U-Net trained on pairs, with a distance from the target and a patch "
                 "discriminator of pairs",
      .paper = "Isola et al., Image-to-Image Translation with Conditional Adversarial Networks, CVPR 2017",
      .capabilities = {Capability::translator},
      .players = {{"generator", {.lr = 2e-4, .beta1 = 0.5}}, {"discriminator", {.lr = 2e-4, .beta1 = 0.5}}},
      .relation = Relation::pairs,
      .sides = translation_sides,
      .check = check_pix2pix,
      .tiny = {"model.width=4", "model.discriminator_layers=1"},
      .variants = regulariser_variants(
          {"model.adversarial_weight=0", "model.augment=fixed", "model.distance=l2", "model.norm=batch",
           "model.dropout=0", "model.direction=b2a", "model.objective=least-squares", "model.replay=24",
           "model.spectral_norm=true", "model.feature_matching=1"}),
  });
}

}  // namespace belamy::models
