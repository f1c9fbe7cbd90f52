// SimGAN: Shrivastava, Pfister, Tuzel, Susskind, Wang & Webb 2017 (arXiv:1612.07828).
//
//   A refiner R makes synthetic images (domain A) look like real ones (domain B) without changing what they
//   show. The discriminator judges patches; half of the refined images it sees are by former refiners:
//
//     refiner        descends  -log D(R(a)) + regularisation * |R(a) - a|_1
//     discriminator  descends  -log D(b) - log(1 - D(a~)), once after every `refiner_steps` steps
//
//   Stages, each optional: "refiner" (its second term alone), "discriminator" (which alone learns), then
//   "main".
//
// Departures: D is the discriminator of patches of pix2pix; means over patches and pixels instead of sums;
// among the past images the oldest are replaced, not random ones; Adam for both players.

#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/opponents.h"
#include "models/shared/translation_networks.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

struct SimGanConfig : TranslationConfig {
  std::int64_t blocks = 4;
  double regularisation = 2;
  std::int64_t refiner_steps = 2;
  std::int64_t history = 512;

  SimGanConfig() {
    objective = "non-saturating";
    discriminator_layers = 1;
  }
  void fields(Fields& f) override {
    TranslationConfig::fields(f);
    f.add("blocks", blocks, {0, 64}, "residual blocks of the refiner");
    f.add("regularisation", regularisation, {0, 1e6},
          "weight of the mean absolute difference between refined and synthetic image");
    f.add("refiner_steps", refiner_steps, {1, 1000}, "steps of the run for each update of the discriminator");
    f.add("history", history, {0, 100000},
          "past refined images, half of those that the discriminator sees; 0: none");
  }
};

class SimGan final : public Model, public Translator {
 public:
  SimGan(const DataShape& shape, const SimGanConfig& config, at::Generator generator) : config_(config) {
    // Every pixel from its neighbourhood: no strides, no normalisation.
    refiner_ = register_module("refiner", std::make_shared<nn::Chain>());
    refiner_->add(std::make_shared<nn::Conv>(shape.channels, config.width, 3, 1, 1, /*bias=*/true));
    refiner_->add(nn::activation("relu"));
    add_residual_blocks(*refiner_, config.width, config.blocks, "");
    refiner_->add(std::make_shared<nn::Conv>(config.width, shape.channels, 1, 1, 0, /*bias=*/true));
    refiner_->add(nn::activation("tanh"));
    nn::initialise(*refiner_, nn::Init::glorot, generator);
    discriminator_ = register_module(
        "discriminator",
        std::make_shared<PatchDiscriminator>(shape.channels, shape, config, "discriminator", "", generator));
    if (config.history > 0) {
      history_ = register_module("history", std::make_shared<ReplayBuffer>(shape.sizes(config.history)));
    }
    add_player("refiner", {refiner_});
    add_player("discriminator", {discriminator_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto &synthetic = batch.data, &real = batch.partner.data;
    const auto refined = refiner_->forward(synthetic);
    const auto& stage = context.stage();
    if (stage == "discriminator") {
      discriminator_->learn(real, refined.detach(), context);
      return;
    }
    const auto change = (refined - synthetic).abs().mean();
    context.record("loss/change", change);
    if (stage == "refiner") {
      context.update("refiner", change);
      return;
    }
    const auto game = discriminator_->fooled(refined);
    context.record("loss/refiner", game);
    context.update("refiner", config_.adversarial_weight * game + config_.regularisation * change);
    const auto done = context.stage_step() + 1;
    if (done % config_.refiner_steps != 0) return;
    auto seen = refined.detach();
    if (history_) seen = history_->mix(seen, done / config_.refiner_steps - 1, context.generator());
    discriminator_->learn(real, seen, context);
  }

  Translator* translator() override { return this; }
  std::vector<std::string> directions() const override { return {"a2b"}; }
  Tensor translate(const Tensor& data, const std::string&) override { return refiner_->forward(data); }

 private:
  SimGanConfig config_;
  std::shared_ptr<nn::Chain> refiner_;
  std::shared_ptr<PatchDiscriminator> discriminator_;
  std::shared_ptr<ReplayBuffer> history_;
};

std::string check_simgan(const DataShape& shape, const Recipe& recipe) {
  for (const auto& stage : recipe.stages) {
    if (stage.name != "refiner" && stage.name != "discriminator" && stage.name != "main") {
      return "it has no stage '" + stage.name + "': refiner, discriminator, main";
    }
  }
  if (const auto wrong = check_translation(shape); !wrong.empty()) return wrong;
  return check_same_channels(shape, "data.channels");
}

}  // namespace

ModelInfo simgan() {
  return describe<SimGan, SimGanConfig>({
      .name = "simgan",
      .family = "translation",
      .summary =
          "refines synthetic images (domain A) until they look like real ones (B), and leaves what they "
          "show",
      .paper = "Shrivastava et al., Learning from Simulated and Unsupervised Images through Adversarial "
               "Training, CVPR 2017",
      .capabilities = {Capability::translator},
      .players = {{"refiner", {.lr = 2e-4, .beta1 = 0.5}}, {"discriminator", {.lr = 2e-4, .beta1 = 0.5}}},
      .relation = Relation::domains,
      .check = check_simgan,
      .tiny = {"model.width=4", "model.blocks=1", "model.history=24"},
      .stages = {"refiner", "discriminator", "main"},
      .variants = {"model.regularisation=0", "model.history=0", "model.refiner_steps=1"},
  });
}

}  // namespace belamy::models
