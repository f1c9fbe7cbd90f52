// VAE-GAN: Larsen, Sonderby, Larochelle & Winther 2016 (arXiv:1512.09300).
//
//   A variational autoencoder whose decoder is also the generator of a GAN. The discriminator sees data x,
//   reconstructions x~ = dec(z), z ~ q(z|x), and samples x_p = dec(z_p), z_p ~ N(0, 1); reconstructions are
//   compared in its last hidden layer, not in pixels:
//
//     L_rec = |features(x) - features(x~)|^2 / 2
//     encoder        descends  KL(q(z|x) || N(0, 1)) + L_rec
//     decoder        descends  feature_weight L_rec - log D(x~) - log D(x_p)
//     discriminator  descends  -log D(x) - (log(1 - D(x~)) + log(1 - D(x_p))) / 2
//
// Departures: pixel_weight adds some of the pixels' negative log-likelihood to the losses of encoder and
// decoder (0: the paper), without which the dark ground stays grey; the decoder's adversarial loss is the
// non-saturating one by default, and the two kinds of generated images count as much as the data together;
// Adam in place of RMSProp, slower for the discriminator.

#include <torch/types.h>
#include <torch/utils.h>

#include "models/shared/variational.h"
#include "nn/layers.h"
#include "objectives/adversarial.h"

namespace belamy::models {
namespace {

struct VaeGanConfig : VariationalConfig {
  std::string objective = "non-saturating";
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
    f.add("objective", objective, objectives::Adversarial::names(), "what the players of the game descend");
    f.add("feature_weight", feature_weight, {0, 1e6}, "of the reconstruction loss in the decoder's loss");
    f.add("pixel_weight", pixel_weight, {0, 1e6},
          "of the pixels' negative log-likelihood in the losses of encoder and decoder; 0: none");
    f.add("discriminator_width", discriminator_width, {1, 512},
          "channels of the discriminator's layer next to the image when convolutional");
    f.add("discriminator", discriminator, {1, 8192},
          "widths of the discriminator's hidden layers when fully connected");
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
      : config_(config), observation_(config, shape), objective_(config.objective) {
    encoder_ = register_module("encoder", make_encoder(shape, config, 2 * config.code, generator));
    decoder_ = register_module("decoder", make_decoder(observation_.decoder_shape(), config, generator));
    CodeConfig judge = config;
    judge.width = config.discriminator_width;
    judge.hidden = config.discriminator;
    judge.activation = "leaky-relu";
    discriminator_ = register_module("discriminator", make_encoder(shape, judge, 1, generator));
    add_player("encoder", {encoder_});
    add_player("decoder", {decoder_});
    add_player("discriminator", {discriminator_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto data = observation_.taken(batch.data, context.generator());
    const auto code = posterior(data);
    const auto raw = decoder_->forward(code.draw(context.generator()));
    const auto reconstructed = observation_.mean(raw);
    const auto fake = decode(draw_latent(batch.size(), context.generator()));

    const auto t_real = judge(data);
    const auto judged = (objective_.discriminator(t_real, judge(reconstructed.detach())) +
                         objective_.discriminator(t_real, judge(fake.detach()))) /
                        2;
    context.update("discriminator", judged);

    Tensor wanted;
    {
      const torch::NoGradGuard no_grad;
      wanted = features(data);
    }
    const auto found = features(reconstructed);
    const auto reconstruction = 0.5 * (wanted - found).square().sum(1).mean();
    const auto kl = code.kl().mean();
    const auto t_reconstructed = verdict(found), t_fake = judge(fake);
    const auto game = objective_.generator(t_reconstructed) + objective_.generator(t_fake);
    auto encoder_loss = kl + reconstruction, decoder_loss = config_.feature_weight * reconstruction + game;
    if (config_.pixel_weight > 0) {
      const auto pixels = -config_.pixel_weight * observation_.log_likelihood(data, raw).mean();
      encoder_loss = encoder_loss + pixels;
      decoder_loss = decoder_loss + pixels;
    }
    // The decoder's gradient does not pass through the encoder, so the encoder may move first.
    context.update("encoder", encoder_loss, /*keep_graph=*/true);
    context.update("decoder", decoder_loss);
    context.record("loss/discriminator", judged);
    context.record("loss/decoder", game);
    context.record("loss/features", reconstruction);
    context.record("loss/kl", kl);
    context.record("critic/real", t_real.mean());
    context.record("critic/reconstructed", t_reconstructed.mean());
    context.record("critic/fake", t_fake.mean());
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
  bool is_log_odds() const override { return objective_.is_probability(); }
  Tensor score(const Tensor& data) override { return -judge(data); }

 private:
  GaussianCode posterior(const Tensor& data) { return GaussianCode::of(encoder_->forward(data)); }
  // [N, F], the discriminator's last hidden layer.
  Tensor features(const Tensor& data) { return discriminator_->forward(data, 0, discriminator_->size() - 1); }
  Tensor verdict(const Tensor& features) {
    return discriminator_->forward(features, discriminator_->size() - 1, discriminator_->size()).squeeze(1);
  }
  Tensor judge(const Tensor& data) { return verdict(features(data)); }

  VaeGanConfig config_;
  Observation observation_;
  objectives::Adversarial objective_;
  std::shared_ptr<nn::Chain> encoder_, decoder_, discriminator_;
};

}  // namespace

ModelInfo vae_gan() {
  return describe<VaeGan, VaeGanConfig>({
      .name = "vae-gan",
      .family = "autoencoder",
      .summary = "variational autoencoder whose decoder is a GAN's generator; the discriminator sees data, "
                 "reconstructions and samples",
      .paper = "Larsen et al., Autoencoding beyond Pixels using a Learned Similarity Metric, ICML 2016",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder,
                       Capability::reconstructor, Capability::scorer},
      .players = {{"encoder", {.lr = 1e-3, .beta1 = 0.5, .average = 0.999}},
                  {"decoder", {.lr = 1e-3, .beta1 = 0.5, .average = 0.999}},
                  {"discriminator", {.lr = 1e-4, .beta1 = 0.5}}},
      .points = true,
      .check = check_variational,
      .tiny = {"model.width=8", "model.discriminator_width=8", "model.hidden=[64]",
               "model.discriminator=[64]", "model.code=8", "model.pixel_weight=1"},
      .variants = {"model.pixel_weight=0", "model.objective=hinge", "model.network=fully-connected",
                   "model.binarise=stochastic"},
  });
}

}  // namespace belamy::models
