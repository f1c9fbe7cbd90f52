// CycleGAN: Zhu, Park, Isola & Efros 2017 (arXiv:1703.10593).
//
//   Two domains without pairs. Generators G: A -> B and F: B -> A, a critic for each domain, least squares:
//
//     generators  descend  (D_B(G(a)) - 1)^2 + (D_A(F(b)) - 1)^2
//                          + cycle * (|F(G(a)) - a|_1 + |G(F(b)) - b|_1)
//                          + cycle * identity * (|G(b) - b|_1 + |F(a) - a|_1)
//     critic_a    descends (D_A(a) - 1)^2 + D_A(a~)^2, a~ from a memory of 50 past F(b); critic_b likewise
//
// `ablation` leaves out terms, as the paper's section 5.1.4 does: cycle-only and gan-only keep only those
// terms, forward keeps only the first cycle term, backward only the second.
//
// Departures: transposed convolutions are 4x4; batches of any size.

#include <torch/types.h>
#include <tuple>

#include "belamy/recipe.h"

#include "models/shared/translation_networks.h"

namespace belamy::models {
namespace {

struct CycleGanConfig : TranslationConfig {
  std::int64_t blocks = 6;
  double cycle = 10;
  double identity = 0.5;
  std::string generator = "residual", ablation = "none";

  CycleGanConfig() {
    adversarial_weight = 2;  // least-squares halves the square
    replay = 50;
  }
  void fields(Fields& f) override {
    TranslationConfig::fields(f);
    f.add(
        "generator", generator, std::vector<std::string>{"residual", "unet"},
        "network of the generators; residual: the paper's; unet: that of pix2pix, whose short ways keep the "
        "places of things");
    f.add("blocks", blocks, {0, 64}, "residual blocks of each residual generator");
    f.add("cycle", cycle, {0, 1e6}, "weight of the cycle loss (there and back) in the generators' loss");
    f.add("identity", identity, {0, 1e6}, "weight of the identity loss, multiplied by cycle; 0: off");
    f.add("ablation", ablation,
          std::vector<std::string>{"none", "cycle-only", "gan-only", "forward", "backward"},
          "the paper's ablations of the loss; forward keeps only the cycle term of A, backward that of B");
  }
};

class CycleGan final : public Model, public Translator {
 public:
  CycleGan(const DataShape& shape, const CycleGanConfig& config, at::Generator generator) : config_(config) {
    const auto& a = shape;
    const auto& b = shape.others[0];
    const auto make = [&](const DataShape& from, const DataShape& to) {
      if (config.generator == "residual")
        return make_residual_generator(from, to, config.width, config.blocks, config.norm, generator);
      const auto chain = std::make_shared<nn::Chain>();
      chain->add(std::make_shared<UNet>(from, to, config.width, config.norm, /*dropout=*/0, generator));
      return chain;
    };
    a2b_ = register_module("a2b", make(a, b));
    b2a_ = register_module("b2a", make(b, a));
    add_player("generators", {a2b_, b2a_});
    const auto add_game = [&](const DataShape& domain, const std::string& letter) {
      const auto name = "critic_" + letter;
      const auto critic = register_module(
          name, std::make_shared<PatchDiscriminator>(domain.channels, domain, config, generator));
      add_player(name, {critic});
      return critics_game(*this, config, *critic, letter);
    };
    game_a_ = add_game(a, "a");
    game_b_ = add_game(b, "b");
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto &a = batch.data, &b = batch.partner.data;
    const auto& ablation = config_.ablation;
    const bool keeps = ablation != "gan-only" && ablation != "cycle-only" && config_.identity > 0;
    // One pass for images to translate and images that should stay as they are.
    Tensor a_made, a_kept, b_made, b_kept;
    if (keeps) {
      const bool together = config_.norm == "instance";
      std::tie(b_made, b_kept) = forward_both(*a2b_, a, b, together);
      std::tie(a_made, a_kept) = forward_both(*b2a_, b, a, together);
    } else {
      b_made = a2b_->forward(a);
      a_made = b2a_->forward(b);
    }
    auto loss = torch::zeros({}, a.options());
    const auto add = [&](const std::string& name, double weight, const Tensor& term) {
      context.record(name, term);
      loss = loss + weight * term;
    };
    const auto distance = [](const Tensor& made, const Tensor& wanted) {
      return (made - wanted).abs().mean();
    };
    if (ablation != "cycle-only") {
      loss = loss + game_b_->generator_loss(b_made, b, context) + game_a_->generator_loss(a_made, a, context);
    }
    if (ablation != "gan-only" && ablation != "backward") {
      add("cycle/a", config_.cycle, distance(b2a_->forward(b_made), a));
    }
    if (ablation != "gan-only" && ablation != "forward") {
      add("cycle/b", config_.cycle, distance(a2b_->forward(a_made), b));
    }
    if (keeps) {
      add("loss/identity", config_.cycle * config_.identity, distance(b_kept, b) + distance(a_kept, a));
    }
    context.update("generators", loss);
    if (ablation == "cycle-only") return;
    game_a_->learn({.real = a}, a_made.detach(), context);
    game_b_->learn({.real = b}, b_made.detach(), context);
  }

  Translator* translator() override { return this; }
  std::vector<Direction> directions() const override { return {Direction::a2b, Direction::b2a}; }
  Tensor translate(const Tensor& data, Direction direction) override {
    return (direction == Direction::a2b ? a2b_ : b2a_)->forward(data);
  }

 private:
  CycleGanConfig config_;
  std::shared_ptr<nn::Chain> a2b_, b2a_;
  std::unique_ptr<Game> game_a_, game_b_;
};

Fault check_cyclegan(const DataShape& shape, const Recipe& recipe) {
  const auto& settings = config_of<CycleGanConfig>(recipe);
  if (auto wrong = check_translation(settings)) return wrong;
  return settings.identity > 0 ? check_same_channels(shape) : Fault();
}

}  // namespace

ModelInfo cyclegan() {
  return describe<CycleGan, CycleGanConfig>({
      .name = "cyclegan",
      .family = "translation",
      .summary = "translates images between two domains without pairs; there and back must be the identity",
      .paper = "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, "
               "ICCV 2017",
      .capabilities = {Capability::translator},
      .players = {{"generators", {.lr = 2e-4, .beta1 = 0.5, .schedule = "linear", .schedule_start = 0.5}},
                  {"critic_a", {.lr = 2e-4, .beta1 = 0.5, .schedule = "linear", .schedule_start = 0.5}},
                  {"critic_b", {.lr = 2e-4, .beta1 = 0.5, .schedule = "linear", .schedule_start = 0.5}}},
      .relation = Relation::domains,
      .sides = translation_sides,
      .check = check_cyclegan,
      .tiny = {"model.width=2", "model.blocks=1", "model.discriminator_layers=1", "model.replay=24"},
      .variants = regulariser_variants(
          {"model.ablation=cycle-only", "model.ablation=gan-only", "model.ablation=forward",
           "model.ablation=backward", "model.identity=0", "model.replay=0", "model.generator=unet",
           "model.norm=batch", "model.spectral_norm=true", "model.feature_matching=1"}),
  });
}

}  // namespace belamy::models
