// UNIT: Liu, Breuel & Kautz 2017 (arXiv:1703.00848).
//
//   Two VAEs with a common code: q(z|a) = N(E_A(a), 1), q(z|b) = N(E_B(b), 1). The encoders share their last
//   layers, the decoders their first. A translation is a -> z -> G_B(z). With KL to N(0, 1), and |.|_1 as the
//   negative log-likelihood of a Laplace distribution:
//
//     generators  descends  adversarial_weight * (-log D_B(G_B(z_a)) - log D_A(G_A(z_b)))
//                           + kl * (KL(q(z|a)) + KL(q(z|b))) + pixel * (|G_A(z_a) - a| + |G_B(z_b) - b|)
//                           + cycle_kl * KL(q(z|G_B(z_a))) + cycle * |G_A(z') - a|, z' ~ q(z|G_B(z_a)),
//                           and the same from b
//     critic_a    descends  -log D_A(a) - log(1 - D_A(G_A(z_b))); critic_b likewise
//
// Departures: the networks are those of CycleGAN, cut in the middle; all terms are means over pixels, latents
// and patches.

#include <torch/nn/module.h>
#include <torch/types.h>

#include "models/shared/translation_networks.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

struct UnitConfig : TranslationConfig {
  std::int64_t blocks = 3;
  std::int64_t shared_blocks = 1;
  double kl = 0.1;
  double pixel = 100;
  double cycle_kl = 0.1;
  double cycle = 100;

  UnitConfig() {
    objective = "non-saturating";
    adversarial_weight = 10;
  }
  void fields(Fields& f) override {
    TranslationConfig::fields(f);
    f.add("blocks", blocks, {0, 64}, "residual blocks of each encoder and each decoder that are not shared");
    f.add("shared_blocks", shared_blocks, {1, 64},
          "residual blocks that both encoders share, and as many that both decoders share");
    f.add("kl", kl, {0, 1e6}, "weight of the KL divergence of the codes from N(0, 1)");
    f.add("pixel", pixel, {0, 1e6}, "weight of the reconstructions' mean absolute error");
    f.add("cycle_kl", cycle_kl, {0, 1e6}, "weight of the KL divergence of the translations' codes");
    f.add("cycle", cycle, {0, 1e6}, "weight of the mean absolute error of the cycle (there and back)");
  }
};

class Unit final : public Model, public Translator {
 public:
  Unit(const DataShape& shape, const UnitConfig& config, at::Generator generator) : config_(config) {
    const auto chain = [&](const std::string& name) {
      return register_module(name, std::make_shared<nn::Chain>());
    };
    const auto code = 4 * config.width;  // channels
    const auto fill_domain = [&](Domain& domain, const DataShape& own, const std::string& letter) {
      domain.encoder = chain("encoder_" + letter);
      add_halvings(*domain.encoder, own.channels, config.width, config.norm);
      add_residual_blocks(*domain.encoder, code, config.blocks, config.norm);
      domain.decoder = chain("decoder_" + letter);
      add_residual_blocks(*domain.decoder, code, config.blocks, config.norm);
      add_doublings(*domain.decoder, own, config.width, config.norm);
    };
    fill_domain(a_, shape, "a");
    fill_domain(b_, shape.others[0], "b");
    into_code_ = chain("into_code");
    out_of_code_ = chain("out_of_code");
    for (const auto& both : {into_code_, out_of_code_}) {
      add_residual_blocks(*both, code, config.shared_blocks, config.norm);
    }
    const std::vector<std::shared_ptr<torch::nn::Module>> all = {a_.encoder, a_.decoder, b_.encoder,
                                                                 b_.decoder, into_code_, out_of_code_};
    for (const auto& module : all) nn::initialise(*module, nn::Init::dcgan, generator);
    add_player("generators", all);
    const auto add_critic = [&](Domain& domain, const DataShape& own, const std::string& letter) {
      const auto name = "critic_" + letter;
      const auto critic =
          register_module(name, std::make_shared<PatchDiscriminator>(own.channels, own, config, generator));
      add_player(name, {critic});
      domain.game = critics_game(*this, config, *critic, letter);
    };
    add_critic(a_, shape, "a");
    add_critic(b_, shape.others[0], "b");
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto &a = batch.data, &b = batch.partner.data;
    const auto from_a = travel(a_, b_, a, context.generator()),
               from_b = travel(b_, a_, b, context.generator());
    const auto game = b_.game->generator_loss(from_a.translation, b, context) +
                      a_.game->generator_loss(from_b.translation, a, context);
    const auto kl = from_a.kl + from_b.kl, kl_back = from_a.kl_back + from_b.kl_back;
    const auto pixels = from_a.pixels + from_b.pixels;
    context.update("generators", game + config_.kl * kl + config_.pixel * pixels +
                                     config_.cycle_kl * kl_back +
                                     config_.cycle * (from_a.cycle + from_b.cycle));
    a_.game->learn({.real = a}, from_b.translation.detach(), context);
    b_.game->learn({.real = b}, from_a.translation.detach(), context);
    context.record("loss/kl", kl);
    context.record("loss/pixels", pixels);
    context.record("cycle/a", from_a.cycle);
    context.record("cycle/b", from_b.cycle);
  }

  Translator* translator() override { return this; }
  std::vector<Direction> directions() const override { return {Direction::a2b, Direction::b2a}; }
  Tensor translate(const Tensor& data, Direction direction) override {
    const bool forwards = direction == Direction::a2b;
    return decode(forwards ? b_ : a_, encode(forwards ? a_ : b_, data));
  }

 private:
  struct Domain {
    std::shared_ptr<nn::Chain> encoder, decoder;
    std::unique_ptr<Game> game;
  };
  // From one domain to the other and back: the translated image, and the terms of the loss.
  struct Journey {
    Tensor translation, kl, pixels, kl_back, cycle;
  };

  // The mean of q(z|x), a map [N, 4 width, H / 4, W / 4].
  Tensor encode(const Domain& domain, const Tensor& data) const {
    return into_code_->forward(domain.encoder->forward(data));
  }
  Tensor decode(const Domain& domain, const Tensor& code) const {
    return domain.decoder->forward(out_of_code_->forward(code));
  }

  Journey travel(const Domain& from, const Domain& to, const Tensor& data, at::Generator generator) const {
    const auto draw = [&](const Tensor& mean) {
      return mean + torch::randn(mean.sizes(), generator, mean.options());
    };
    const auto kl = [](const Tensor& mean) { return 0.5 * mean.square().mean(); };
    const auto distance = [&](const Tensor& made) { return (made - data).abs().mean(); };
    const auto mean = encode(from, data), code = draw(mean);
    const auto translation = decode(to, code), mean_back = encode(to, translation);
    return {translation, kl(mean), distance(decode(from, code)), kl(mean_back),
            distance(decode(from, draw(mean_back)))};
  }

  UnitConfig config_;
  Domain a_, b_;
  std::shared_ptr<nn::Chain> into_code_, out_of_code_;
};

Fault check_unit(const DataShape&, const Recipe& recipe) {
  return check_translation(config_of<UnitConfig>(recipe));
}

}  // namespace

ModelInfo unit() {
  return describe<Unit, UnitConfig>({
      .name = "unit",
      .family = "translation",
      .summary =
          "translates images between two domains without pairs: two VAEs with one code and a critic for "
          "each domain",
      .paper = "Liu, Breuel & Kautz, Unsupervised Image-to-Image Translation Networks, NIPS 2017",
      .capabilities = {Capability::translator},
      .players = {{"generators", {.lr = 1e-4, .beta1 = 0.5}},
                  {"critic_a", {.lr = 1e-4, .beta1 = 0.5}},
                  {"critic_b", {.lr = 1e-4, .beta1 = 0.5}}},
      .relation = Relation::domains,
      .sides = translation_sides,
      .check = check_unit,
      .tiny = {"model.width=2", "model.blocks=0", "model.discriminator_layers=1"},
      .variants = {"model.cycle=0", "model.blocks=1", "model.objective=least-squares", "model.norm=batch",
                   "model.r1=1", "model.spectral_norm=true", "model.replay=24"},
  });
}

}  // namespace belamy::models
