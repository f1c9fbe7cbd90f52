// Adversarial autoencoder: Makhzani, Shlens, Jaitly, Goodfellow & Frey 2015 (arXiv:1511.05644).
//
//   An autoencoder whose codes a discriminator cannot tell from draws of a prior p(z):
//
//     discriminator  descends  -log D(z) - log(1 - D(enc(x))),   z ~ p
//     encoder        descends  -log p(x|dec(enc(x))) - adversarial_weight log D(enc(x))
//     decoder        descends  -log p(x|dec(enc(x)))
//
//   p is N(0, prior_sd^2), or a mixture of long Gaussians in the plane that point away from the origin. With
//   labels, the discriminator also gets the class (one-hot, with one more value for "unknown"), and class k
//   belongs to the k-th Gaussian; codes of unknown class are compared with draws from the whole mixture.
//
// Departures: the encoder makes one step of Adam on the sum of both losses, where the paper alternates
// two of SGD with momentum.

#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <torch/types.h>

#include "models/shared/game.h"
#include "models/shared/semi_supervised.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

struct AaeConfig : VariationalConfig, GameSettings {
  std::string posterior = "deterministic";
  std::string prior = "normal";
  double prior_sd = 5;
  std::int64_t components = 10;
  bool labels = false;
  std::vector<std::int64_t> discriminator = {1000, 1000};

  AaeConfig() {
    hidden = {1000, 1000};
    code = 8;
    adversarial_weight = 10;
  }
  void fields(Fields& f) override {
    VariationalConfig::fields(f);
    f.add("posterior", posterior, std::vector<std::string>{"deterministic", "gaussian"},
          "the code: a function of the datum, or a draw from a Gaussian given the datum");
    f.add("prior", prior, std::vector<std::string>{"normal", "mixture"},
          "target distribution of codes: N(0, prior_sd^2), or a mixture of Gaussians in the plane");
    f.add("prior_sd", prior_sd, {1e-3, 1e3}, "standard deviation of the normal prior");
    f.add("components", components, {2, 1000},
          "number of Gaussians in the mixture, arranged around the origin");
    f.add("labels", labels, "give the discriminator the class; class k belongs to Gaussian k of the mixture");
    f.add("discriminator", discriminator, {1, 8192}, "widths of the discriminator's hidden layers");
    objective_fields(f);
    matching_fields(f);
    regulariser_fields(f);
    spectral_field(f);
  }
};

class Aae final : public Model, public Sampler, public Encoder, public Decoder, public Reconstructor {
 public:
  Aae(const DataShape& shape, const AaeConfig& config, at::Generator generator)
      : config_(config), observation_(config, shape), classes_(config.labels ? shape.classes : 0) {
    const bool drawn = config.posterior == "gaussian";
    encoder_ =
        register_module("encoder", make_encoder(shape, config, (drawn ? 2 : 1) * config.code, generator));
    decoder_ = register_module("decoder", make_decoder(observation_.decoder_shape(), config, generator));
    discriminator_ = register_module("discriminator", std::make_shared<nn::Chain>());
    auto width = config.code;
    if (config.labels) {
      discriminator_->add_conditional([](const Tensor& codes, const Tensor& told) {
        return at::cat({codes, told}, 1);
      });
      width += classes_ + 1;
    }
    const auto weighting = weighting_of(config);
    for (const auto next : config.discriminator) {
      discriminator_->add(std::make_shared<nn::Dense>(width, next, weighting)).add(nn::activation("relu"));
      width = next;
    }
    discriminator_->add(std::make_shared<nn::Dense>(width, 1, weighting));
    nn::initialise(*discriminator_, nn::Init::he, generator);
    game_ = std::make_unique<Game>(*this, config,
                                   GameSetup{.discriminator = discriminator_,
                                             .sizes = {1, config.code},
                                             .generator_name = "encoder",
                                             .real = "prior",
                                             .fake = "codes"});
    add_player("encoder", {encoder_});
    add_player("decoder", {decoder_});
    add_player("discriminator", {discriminator_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto generator = context.generator();
    const auto data = observation_.taken(batch.data, generator);
    const auto code = draw_code(data, generator);
    // With labels the discriminator gets the labelled part with its classes, and the whole batch without.
    const bool told = classes_ > 0;
    const auto& known = labelled_part(batch);
    Tensor codes = code, condition;
    if (told) {
      const auto labelled = !batch.labelled.data.defined()
                                ? code
                                : draw_code(observation_.taken(known.data, generator), generator);
      codes = at::cat({code, labelled});
      const auto labels = at::cat({at::full_like(known.labels, classes_), known.labels});
      condition = at::one_hot(labels, classes_ + 1).to(codes.dtype());
    }
    const auto wanted =
        told ? at::cat({draw_latent(batch.size(), generator), draw_component(known.labels, generator)})
             : draw_latent(batch.size(), generator);
    game_->learn({.real = wanted, .condition = condition}, codes.detach(), context);

    const auto reconstruction = -observation_.log_likelihood(data, decoder_->forward(code)).mean();
    // The encoder's gradient passes through the decoder, so the encoder moves first.
    context.update("encoder", reconstruction + game_->generator_loss(codes, wanted, context, condition),
                   /*keep_graph=*/true);
    context.update("decoder", reconstruction);
    context.record("loss/reconstruction", reconstruction);
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }

  bool conditional() const override { return classes_ > 0; }
  Tensor sample(const SampleRequest& request) override {
    const auto& labels = request.condition.labels;
    return decode(conditional() && labels.defined()
                      ? draw_component(labels.to(request.generator.device()), request.generator)
                      : draw_latent(request.count, request.generator));
  }
  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override {
    const auto both = encoder_->forward(data);
    return config_.posterior == "gaussian" ? GaussianCode::of(both).mean : both;
  }
  std::int64_t latent_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    if (config_.prior == "normal") return config_.prior_sd * draw_normal(n, config_.code, generator);
    const auto options = torch::TensorOptions(torch::kLong).device(generator.device());
    return draw_component(torch::randint(components(), {n}, generator, options), generator);
  }
  Tensor decode(const Tensor& latents) override { return observation_.mean(decoder_->forward(latents)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }

 private:
  // With labels: one for each class.
  std::int64_t components() const { return classes_ > 0 ? classes_ : config_.components; }

  // Draws from the Gaussians with the numbers `which` [N]: [N, 2]. Their means lie on a circle of radius 4.
  // The radial deviation is 1.5; the deviation along the circle keeps neighbours apart.
  Tensor draw_component(const Tensor& which, at::Generator generator) const {
    const auto angle = which.to(torch::kFloat) * (2 * std::numbers::pi / static_cast<double>(components()));
    const double side = 4 * std::numbers::pi / (5 * static_cast<double>(components()));
    const auto noise = draw_normal(which.size(0), 2, generator);
    const auto along = 4 + 1.5 * noise.select(1, 0), across = side * noise.select(1, 1);
    const auto c = angle.cos(), s = angle.sin();
    return at::stack({along * c - across * s, along * s + across * c}, 1);
  }

  Tensor draw_code(const Tensor& data, at::Generator generator) {
    const auto both = encoder_->forward(data);
    return config_.posterior == "gaussian" ? GaussianCode::of(both).draw(generator) : both;
  }

  AaeConfig config_;
  Observation observation_;
  std::int64_t classes_;  // 0: the discriminator gets no classes
  std::shared_ptr<nn::Chain> encoder_, decoder_, discriminator_;
  std::unique_ptr<Game> game_;
};

Fault check_aae(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<AaeConfig>(recipe);
  if (config.prior == "mixture" && config.code != 2) {
    return {"the mixture needs a code in the plane", {"model.code=2"}};
  }
  if (config.labels) {
    if (config.prior != "mixture")
      return {"labels need the mixture, where each class is a Gaussian", {"model.prior=mixture"}};
    if (auto labels = check_labels(shape)) return labels;
    if (config.replay > 0) return {"the replay memory stores no classes", {"model.replay=0"}};
  }
  if (auto wrong = check_game(config)) return wrong;
  return check_variational(shape, recipe);
}

}  // namespace

ModelInfo aae() {
  return describe<Aae, AaeConfig>({
      .name = "aae",
      .family = "autoencoder",
      .summary = "adversarial autoencoder: a discriminator makes the codes look like draws from a prior",
      .paper = "Makhzani et al., Adversarial Autoencoders, 2015",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder,
                       Capability::reconstructor},
      .players = {{"encoder", {.lr = 1e-3, .beta1 = 0.5, .average = 0.999}},
                  {"decoder", {.lr = 1e-3, .beta1 = 0.5, .average = 0.999}},
                  {"discriminator", {.lr = 3e-4, .beta1 = 0.5}}},
      .points = true,
      .sides = code_sides,
      .check = check_aae,
      .tiny = {"model.hidden=[128]", "model.discriminator=[64]", "model.code=8"},
      .variants = regulariser_variants({"model.posterior=gaussian", "model.prior=mixture",
                                        "model.labels=true", "model.replay=24", "model.spectral_norm=true"}),
      .defaults = {"train.batch=100"},
  });
}

}  // namespace belamy::models
