// VAE-GAN: Larsen, Sonderby, Larochelle & Winther 2016 (arXiv:1512.09300).
//
//   A variational autoencoder whose decoder is also the generator of a GAN. The discriminator gets data x,
//   reconstructions x~ = dec(z), z ~ q(z|x), and samples x_p = dec(z_p), z_p ~ N(0, 1). Reconstructions are
//   compared with data in its last hidden layer, not in pixels:
//
//     L_rec = |features(x) - features(x~)|^2 / 2
//     encoder        descends  KL(q(z|x) || N(0, 1)) + L_rec
//     decoder        descends  feature_weight L_rec - log D(x~) - log D(x_p)
//     discriminator  descends  -log D(x) - (log(1 - D(x~)) + log(1 - D(x_p))) / 2
//
// Departures: pixel_weight adds the pixels' negative log-likelihood to the losses of encoder and decoder
// (0: the paper), without which a dark background stays grey; the decoder's adversarial loss is the
// non-saturating one by default; the two kinds of generated images together count as much as the data,
// and are one batch for the discriminator's batch norm; Adam in place of RMSProp, with a lower rate for
// the discriminator.

#include <torch/types.h>
#include <torch/utils.h>

#include "models/shared/game.h"
#include "models/shared/variational.h"
#include "nn/layers.h"

namespace belamy::models {
namespace {

struct VaeGanConfig : VariationalConfig, GameSettings {
  double feature_weight = 0.01;
  double pixel_weight = 0.1;
  std::int64_t discriminator_width = 32;
  std::vector<std::int64_t> discriminator = {400};

  VaeGanConfig() {
    network = "convolutional";
    code = 64;
  }
  void fields(Fields& f) override {
    VariationalConfig::fields(f);
    objective_fields(f);
    regulariser_fields(f);
    spectral_field(f);
    f.add("feature_weight", feature_weight, {0, 1e6},
          "weight of the reconstruction loss in the decoder's loss");
    f.add("pixel_weight", pixel_weight, {0, 1e6},
          "weight of the pixels' negative log-likelihood in the losses of encoder and decoder; 0: none");
    f.add("discriminator_width", discriminator_width, {1, 512},
          "channels of the discriminator's layer next to the image, when convolutional");
    f.add("discriminator", discriminator, {1, 8192},
          "widths of the discriminator's hidden layers, when fully connected");
  }
};

class VaeGan final : public Model,
                     public Sampler,
                     public Encoder,
                     public Decoder,
                     public Reconstructor,
                     public Scorer {
 public:
  VaeGan(const DataShape& shape, const VaeGanConfig& config, at::Generator generator)
      : config_(config), observation_(config, shape) {
    encoder_ = register_module("encoder", make_encoder(shape, config, 2 * config.code, generator));
    decoder_ = register_module("decoder", make_decoder(observation_.decoder_shape(), config, generator));
    CodeConfig judge = config;
    judge.width = config.discriminator_width;
    judge.hidden = config.discriminator;
    judge.activation = "leaky-relu";
    const auto discriminator = register_module(
        "discriminator", make_encoder(shape, judge, 1, generator, config.penalises_gradients() ? "" : "batch",
                                      weighting_of(config)));
    game_ = std::make_unique<Game>(
        *this, config,
        GameSetup{.discriminator = discriminator, .sizes = shape.sizes(1), .generator_name = "decoder"});
    add_player("encoder", {encoder_});
    add_player("decoder", {decoder_});
    add_player("discriminator", {discriminator});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto data = observation_.taken(batch.data, context.generator());
    const auto code = posterior(data);
    const auto raw = decoder_->forward(code.draw(context.generator()));
    const auto reconstructed = observation_.mean(raw);
    const auto fake = decode(draw_latent(batch.size(), context.generator()));

    game_->learn({.real = data}, at::cat({reconstructed, fake}).detach(), context);

    const auto seen = game_->blurred(data, context), seen_again = game_->blurred(reconstructed, context);
    Tensor wanted;
    {
      const torch::NoGradGuard no_grad;
      wanted = game_->features(seen);
    }
    const auto found = game_->features(seen_again);
    const auto reconstruction = 0.5 * (wanted - found).square().sum(1).mean();
    const auto kl = code.kl().mean();
    const auto& objective = game_->objective();
    const auto game = objective.generator(game_->verdict_on(found)) +
                      objective.generator(game_->judge(game_->blurred(fake, context)));
    auto encoder_loss = kl + reconstruction,
         decoder_loss = config_.feature_weight * reconstruction + config_.adversarial_weight * game;
    if (config_.pixel_weight > 0) {
      const auto pixels = -config_.pixel_weight * observation_.log_likelihood(data, raw).mean();
      encoder_loss = encoder_loss + pixels;
      decoder_loss = decoder_loss + pixels;
    }
    // The decoder's gradient does not pass through the encoder, so the encoder may move first.
    context.update("encoder", encoder_loss, /*keep_graph=*/true);
    context.update("decoder", decoder_loss);
    context.record("loss/decoder", game);
    context.record("loss/features", reconstruction);
    context.record("loss/kl", kl);
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Scorer* scorer() override { return this; }

  Tensor sample(const SampleRequest& request) override {
    return decode(draw_latent(request.count, request.generator));
  }
  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override { return posterior(data).mean; }
  std::int64_t latent_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    return draw_normal(n, config_.code, generator);
  }
  Tensor decode(const Tensor& latents) override { return observation_.mean(decoder_->forward(latents)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }
  std::string score_name() const override { return "minus the discriminator's output"; }
  bool is_log_odds() const override { return game_->is_probability(); }
  Tensor score(const Tensor& data) override { return -game_->judge(data); }

 private:
  GaussianCode posterior(const Tensor& data) { return GaussianCode::of(encoder_->forward(data)); }

  VaeGanConfig config_;
  Observation observation_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
  std::unique_ptr<Game> game_;
};

Fault check_vae_gan(const DataShape& shape, const Recipe& recipe) {
  if (auto wrong = check_game(config_of<VaeGanConfig>(recipe))) return wrong;
  return check_variational(shape, recipe);
}

}  // namespace

ModelInfo vae_gan() {
  return describe<VaeGan, VaeGanConfig>({
      .name = "vae-gan",
      .family = "autoencoder",
      .summary = "variational autoencoder whose decoder is a GAN's generator; the discriminator judges data, "
                 "reconstructions and samples",
      .paper = "Larsen et al., Autoencoding beyond Pixels using a Learned Similarity Metric, ICML 2016",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder,
                       Capability::reconstructor, Capability::scorer},
      .players = {{"encoder", {.lr = 1e-3, .beta1 = 0.5, .average = 0.999}},
                  {"decoder", {.lr = 1e-3, .beta1 = 0.5, .average = 0.999}},
                  {"discriminator", {.lr = 1e-4, .beta1 = 0.5}}},
      .points = true,
      .sides = code_sides,
      .check = check_vae_gan,
      .tiny = {"model.width=8", "model.discriminator_width=8", "model.hidden=[64]",
               "model.discriminator=[64]", "model.code=8", "model.pixel_weight=1"},
      .variants = regulariser_variants({"model.pixel_weight=0", "model.objective=hinge",
                                        "model.network=fully-connected", "model.binarise=stochastic",
                                        "model.replay=24", "model.spectral_norm=true"}),
  });
}

}  // namespace belamy::models
