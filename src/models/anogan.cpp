// f-AnoGAN: Schlegl, Seebock, Waldstein, Langs & Schmidt-Erfurth 2019 (Medical Image Analysis 54). Its search is that of
// AnoGAN: Schlegl et al. 2017 (arXiv:1703.05921).
//
//   A GAN learns usual images; then an encoder E learns to find their latents. What the generator cannot make is unusual.
//   f: features of the discriminator, in its last layer before the verdict. Means are over pixels and over features.
//
//     stage gan      D, G play the game of WGAN-GP
//     stage encoder  G, D are frozen; E descends
//                      izi_f   mean (x - G(E(x)))^2 + feature_weight mean (f(x) - f(G(E(x))))^2
//                      izi     mean (x - G(E(x)))^2
//                      ziz     mean (z - E(G(z)))^2,  z of the prior
//     main           (no stages) both at once
//
//   The scores izi_f and izi of an image are these sums for it; ziz is mean (E(x) - E(G(z)))^2 for its latent z. The
//   score anogan is 0.9 sum |x - G(z)| + 0.1 sum |f(x) - f(G(z))|. The latent z of an image is E(x), or, with use.search,
//   the end of a search from a latent of the prior that descends the score anogan (2017; there it takes 500 steps).
//
// Departures: networks of DCGAN in place of residual ones; the search takes Adam with a falling rate, and its best point.

#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/recipe.h"

#include "models/shared/code_networks.h"
#include "models/shared/convolutional_gan.h"
#include "nn/draws.h"
#include "objectives/descent.h"

namespace belamy::models {
namespace {

constexpr const char* kGanStage = "gan";
constexpr const char* kEncoderStage = "encoder";
constexpr std::uint64_t kSearchSeed = 20170317;  // of the latents where searches start
constexpr double kFeatureShare = 0.1;            // of the features in the score of 2017

struct AnoganConfig : ConvolutionalConfig {
  std::string encoder_loss = "izi_f";
  double feature_weight = 1;
  bool bounded = true;
  std::string use_score = "izi_f";
  std::int64_t use_search = 0;
  double use_rate = 0.05;

  AnoganConfig() {
    latent = 128;
    objective = "wasserstein";
    gradient_penalty = 10;
    critic_steps = 5;
  }
  void fields(Fields& f) override {
    ConvolutionalConfig::fields(f);
    f.add("encoder_loss", encoder_loss, std::vector<std::string>{"izi_f", "izi", "ziz"},
          "loss of the encoder; izi: error of reconstructions; izi_f: with that of their features; ziz: "
          "error of the latents of samples");
    f.add("feature_weight", feature_weight, {0, 1e6}, "weight of the features in loss and score izi_f");
    f.add("bounded", bounded, "latents of the encoder lie between -1 and 1, by tanh");
  }
  void use_fields(Fields& f) override {
    ConvolutionalConfig::use_fields(f);
    f.add("score", use_score, std::vector<std::string>{"izi_f", "izi", "ziz", "anogan", "critic"},
          "how unusual an image is; izi: squared error of its reconstruction; izi_f: with that of the "
          "features; ziz: squared distance of both latents; anogan: absolute errors of pixels and features; "
          "critic: minus the discriminator's output");
    f.add("search", use_search, {0, 1'000'000},
          "steps of the search for an image's latent; 0: the encoder tells it (AnoGAN: 500)");
    f.add("rate", use_rate, {1e-6, 100}, "learning rate of the search at its start");
  }
};

// While it exists, networks normalise by their running statistics and leave these as they are.
class Frozen {
 public:
  explicit Frozen(std::vector<std::shared_ptr<nn::Chain>> networks) : networks_(std::move(networks)) {
    for (const auto& network : networks_) network->eval();
  }
  ~Frozen() {
    for (const auto& network : networks_) network->train();
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  std::vector<std::shared_ptr<nn::Chain>> networks_;
};

// [N, ...] -> [N].
Tensor mean_square(const Tensor& difference) {
  return difference.square().flatten(1).mean(1);
}
Tensor absolute_sum(const Tensor& difference) {
  return difference.abs().flatten(1).sum(1);
}

class Anogan final : public ConvolutionalGan, public Encoder, public Reconstructor {
 public:
  Anogan(const DataShape& shape, const AnoganConfig& config, at::Generator generator)
      : ConvolutionalGan(shape, config, generator), config_(config), draws_(generator) {
    CodeConfig network;
    network.network = "convolutional";
    network.width = config.width;
    network.activation = "leaky-relu";
    encoder_ = register_module("encoder", make_encoder(shape, network, config.latent, generator));
    add_player("encoder", {encoder_});
  }

  void step(const Batch& batch, StepContext& context) override {
    if (context.stage() != kEncoderStage) ConvolutionalGan::step(batch, context);
    if (context.stage() == kGanStage) return;
    const Frozen frozen({generator_, discriminator_});
    const auto loss = encoder_loss(batch.data, context).mean();
    context.update("encoder", loss);
    context.record("loss/encoder", loss);
  }

  Encoder* encoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }

  std::int64_t code_size() const override { return config_.latent; }
  Tensor encode(const Tensor& data) override {
    return config_.use_search > 0 ? searched(data) : encoded(data);
  }
  Tensor reconstruct(const Tensor& data) override { return generate(encode(data)); }

  std::string score_name() const override {
    const auto& score = config_.use_score;
    if (score == "izi_f") return "error of reconstruction and features (izi_f)";
    if (score == "izi") return "error of reconstruction (izi)";
    if (score == "ziz") return "distance of the latents of image and reconstruction (ziz)";
    if (score == "anogan") return "absolute error of reconstruction and features (AnoGAN)";
    return ConvolutionalGan::score_name();
  }
  bool is_log_odds() const override {
    return config_.use_score == "critic" && ConvolutionalGan::is_log_odds();
  }
  Tensor score(const Tensor& data) override {
    if (config_.use_score == "critic") return ConvolutionalGan::score(data);
    const auto made = reconstruct(data);
    if (config_.use_score == "ziz") return mean_square(encoded(data) - encoded(made));
    if (config_.use_score == "anogan") return anogan_distance(data, made);
    return izi(data, made, config_.use_score == "izi_f");
  }

 private:
  Tensor encoded(const Tensor& data) const {
    const auto raw = encoder_->forward(data);
    return config_.bounded ? raw.tanh() : raw;
  }
  Tensor features_of(const Tensor& data) { return game().features(data); }

  // [N]
  Tensor izi(const Tensor& data, const Tensor& made, bool with_features) {
    const auto pixels = mean_square(data - made);
    if (!with_features || config_.feature_weight == 0) return pixels;
    return pixels + config_.feature_weight * mean_square(features_of(data) - features_of(made));
  }
  Tensor anogan_distance(const Tensor& data, const Tensor& made) {
    return (1 - kFeatureShare) * absolute_sum(data - made) +
           kFeatureShare * absolute_sum(features_of(data) - features_of(made));
  }

  Tensor encoder_loss(const Tensor& data, StepContext& context) {
    if (config_.encoder_loss == "ziz") {
      const auto latents = draw_latent(data.size(0), context.generator());
      return mean_square(latents - encoded(generate(latents).detach()));
    }
    return izi(data, generate(encoded(data)), config_.encoder_loss == "izi_f");
  }

  Tensor searched(const Tensor& data) {
    const auto wanted = data.detach();
    return objectives::descend(
        draw_latent(data.size(0), nn::seeded_like(draws_, kSearchSeed)), config_.use_search, config_.use_rate,
        [&](const Tensor& latents) { return anogan_distance(wanted, generate(latents)); });
  }

  const AnoganConfig config_;
  const at::Generator draws_;
  std::shared_ptr<nn::Chain> encoder_;
};

Fault check_anogan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<AnoganConfig>(recipe);
  if (config.minibatch_deviation || config.minibatch_discrimination > 0 || config.packing > 1) {
    return {"the score of an image must not depend on the others of its batch",
            {"model.minibatch_deviation=false", "model.minibatch_discrimination=0", "model.packing=1"}};
  }
  return check_convolutional(shape, recipe);
}

std::vector<std::string> advise_anogan(const Recipe& recipe) {
  auto advice = advise_game(recipe);
  if (recipe.stages.front().steps == 0) {
    advice.push_back(
        "without stages the encoder learns while the generator still changes; the paper's stages are gan, "
        "then encoder (recipe anogan-mnist-one)");
  }
  return advice;
}

}  // namespace

ModelInfo anogan() {
  return describe<Anogan, AnoganConfig>({
      .name = "anogan",
      .family = "gan",
      .summary = "f-AnoGAN: a GAN of usual images and an encoder into its latents; what they cannot "
                 "reconstruct is unusual",
      .paper = "Schlegl et al., f-AnoGAN: Fast Unsupervised Anomaly Detection with Generative Adversarial "
               "Networks, Medical Image Analysis 2019; Schlegl et al., Unsupervised Anomaly Detection with "
               "Generative Adversarial Networks to Guide Marker Discovery, IPMI 2017",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder,
                       Capability::reconstructor, Capability::scorer, Capability::featurizer},
      .players = {{"discriminator", {.lr = 1e-4, .beta1 = 0, .beta2 = 0.9}},
                  {"generator", {.lr = 1e-4, .beta1 = 0, .beta2 = 0.9}},
                  {"encoder", {.optimizer = "rmsprop", .lr = 5e-5}}},
      .sides = convolutional_sides,
      .check = check_anogan,
      .advise = advise_anogan,
      // Batch norm in place of the gradient penalty: it learns more in the suite's few steps.
      .tiny = {"model.width=8", "model.latent=8", "model.critic_steps=1", "model.objective=non-saturating",
               "model.gradient_penalty=0", "optimizer.encoder.optimizer=adam"},
      .stages = [](const DataShape&, const ModelConfig&) -> std::vector<std::string> {
        return {kGanStage, kEncoderStage};
      },
      .variants = regulariser_variants(
          {"model.objective=wasserstein", "model.critic_steps=3", "model.encoder_loss=ziz",
           "model.feature_matching=1", "model.dragan=10", "model.consensus=0.1", "model.replay=40",
           "model.past_players=2", "model.unroll=2", "model.generator_norm=layer",
           "model.generator_norm=reference", "model.discriminator_norm=layer", "model.spectral_norm=true",
           "model.augment=adaptive", "model.smallest=8", "model.dense=16"}),
  });
}

}  // namespace belamy::models
