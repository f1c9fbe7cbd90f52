// SimGAN: Shrivastava, Pfister, Tuzel, Susskind, Wang & Webb 2017 (arXiv:1612.07828).
//
//   A refiner R makes synthetic images (domain A) look like real ones (domain B) without changing what they
//   show. The discriminator judges patches; half of the refined images that it gets are by earlier refiners:
//
//     refiner        descends  -log D(R(a)) + regularisation * |R(a) - a|_1
//     discriminator  descends  -log D(b) - log(1 - D(a~)), once after every `refiner_steps` steps
//
//   Stages, each optional: "refiner" (its second term alone), "discriminator" (which alone learns), then
//   "main".
//
// Departures: D is the patch discriminator of pix2pix; means over patches and pixels instead of sums; Adam
// for both players. As in CycleGAN, a past image is shown with probability 1/2, not in exactly half of the
// batch, and the stage "discriminator" already fills the memory.

#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/translation_networks.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

struct SimGanConfig : TranslationConfig {
  std::int64_t blocks = 4;
  double regularisation = 2;
  std::int64_t refiner_steps = 2;

  SimGanConfig() {
    objective = "non-saturating";
    discriminator_layers = 1;
    replay = 512;
  }
  void fields(Fields& f) override {
    TranslationConfig::fields(f);
    f.add("blocks", blocks, {0, 64}, "residual blocks of the refiner");
    f.add("regularisation", regularisation, {0, 1e6},
          "weight of the mean absolute difference between refined and synthetic images");
    f.add("refiner_steps", refiner_steps, {1, 1000}, "refiner updates for each update of the discriminator");
  }
};

class SimGan final : public Model, public Translator {
 public:
  SimGan(const DataShape& shape, const SimGanConfig& config, at::Generator generator) : config_(config) {
    // Without strides and normalisation, every pixel depends on its neighbourhood alone.
    refiner_ = register_module("refiner", std::make_shared<nn::Chain>());
    refiner_->add(std::make_shared<nn::Conv>(shape.channels, config.width, 3, 1, 1, /*bias=*/true));
    refiner_->add(nn::activation("relu"));
    add_residual_blocks(*refiner_, config.width, config.blocks, "");
    refiner_->add(std::make_shared<nn::Conv>(config.width, shape.channels, 1, 1, 0, /*bias=*/true));
    refiner_->add(nn::activation("tanh"));
    nn::initialise(*refiner_, nn::Init::glorot, generator);
    const auto discriminator = register_module(
        "discriminator", std::make_shared<PatchDiscriminator>(shape.channels, shape, config, generator));
    auto setup = discriminator->setup();
    setup.generator_name = "refiner";
    game_ = std::make_unique<Game>(*this, config, setup);
    add_player("refiner", {refiner_});
    add_player("discriminator", {discriminator});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto &synthetic = batch.data, &real = batch.partner.data;
    const auto refined = refiner_->forward(synthetic);
    const auto& stage = context.stage();
    if (stage == "discriminator") {
      game_->learn({.real = real}, refined.detach(), context);
      return;
    }
    const auto change = (refined - synthetic).abs().mean();
    context.record("loss/change", change);
    if (stage == "refiner") {
      context.update("refiner", change);
      return;
    }
    context.update("refiner",
                   game_->generator_loss(refined, real, context) + config_.regularisation * change);
    if ((context.stage_step() + 1) % config_.refiner_steps != 0) return;
    game_->learn({.real = real}, refined.detach(), context);
  }

  Translator* translator() override { return this; }
  std::vector<Direction> directions() const override { return {Direction::a2b}; }
  Tensor translate(const Tensor& data, Direction) override { return refiner_->forward(data); }

 private:
  SimGanConfig config_;
  std::shared_ptr<nn::Chain> refiner_;
  std::unique_ptr<Game> game_;
};

Fault check_simgan(const DataShape& shape, const Recipe& recipe) {
  if (auto wrong = check_translation(config_of<SimGanConfig>(recipe))) return wrong;
  return check_same_channels(shape);
}

}  // namespace

ModelInfo simgan() {
  return describe<SimGan, SimGanConfig>({
      .name = "simgan",
      .family = "translation",
      .summary =
          "refines synthetic images (domain A) to look like real ones (domain B), with the same content",
      .paper = "Shrivastava et al., Learning from Simulated and Unsupervised Images through Adversarial "
               "Training, CVPR 2017",
      .capabilities = {Capability::translator},
      .players = {{"refiner", {.lr = 2e-4, .beta1 = 0.5}}, {"discriminator", {.lr = 2e-4, .beta1 = 0.5}}},
      .relation = Relation::domains,
      .sides = translation_sides,
      .check = check_simgan,
      .tiny = {"model.width=4", "model.blocks=1", "model.replay=8"},
      .stages = [](const DataShape&, const ModelConfig&) -> std::vector<std::string> {
        return {"refiner", "discriminator", "main"};
      },
      .variants = {"model.regularisation=0", "model.replay=0", "model.refiner_steps=1", "model.r1=1",
                   "model.spectral_norm=true"},
  });
}

}  // namespace belamy::models
