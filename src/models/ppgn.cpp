// Plug and play generative networks: Nguyen, Clune, Bengio, Dosovitskiy & Yosinski 2017 (arXiv:1612.00005).
//
//   An encoder E and a generator G, trained together, turn pictures into codes h and back; R, a denoising autoencoder of
//   codes, knows which codes are likely; a classifier knows the classes. Training:
//
//     E, G           descend   pixel_weight |G(E(x)) - x|^2 - adversarial_weight log D(G(E(x)))
//     discriminator  descends  -log D(x) - log(1 - D(G(E(x))))
//     prior          descends  |R(h + s n) - h|^2,  n ~ N(0, 1)
//
//   A sample of class y is the end of a walk over codes, from a random one:
//
//     h <- h + rate d / mean|d| + noise n
//     d = prior (R(h) - h) + condition dlog p(y | G(h)) / dh
//
//   (R(h) - h) / s^2 is the slope of log p(h) (Alain & Bengio 2014). prior=0: no prior (DGN); prior too large: the class
//   is ignored. To complete a picture, d also has the slope of -|m (G(h) - x)|^2 over its known part m.
//
//   This is the variant PPGN-h. The classifier is a parent, or one of the model's own that learns beside it.
//
// Departures: codes are whitened by their running mean and deviation; E learns with G, it is not a trained network; no
// loss in features.

#include <cmath>
#include <torch/autograd.h>
#include <torch/types.h>

#include "belamy/group.h"

#include "models/shared/code_networks.h"
#include "models/shared/conditions.h"
#include "models/shared/game.h"
#include "models/shared/labels.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

constexpr const char* kClassifierParent = "classifier";

struct PpgnConfig : CodeConfig, GameSettings {
  double pixel_weight = 100, corruption = 0.5;
  std::int64_t prior_hidden = 256;
  std::int64_t use_steps = 150;
  double use_rate = 0.1, use_prior = 0.15, use_condition = 1, use_noise = 0.02, use_context = 30;

  PpgnConfig() {
    network = "convolutional";
    code = 64;
  }
  void fields(Fields& f) override {
    CodeConfig::fields(f);
    objective_fields(f);
    matching_fields(f);
    regulariser_fields(f);
    spectral_field(f);
    f.add("pixel_weight", pixel_weight, {0, 1e6}, "weight of the mean squared error of reconstructions");
    f.add("corruption", corruption, {0, 100},
          "deviation of the noise that the prior removes from codes of deviation 1");
    f.add("prior_hidden", prior_hidden, {1, 8192}, "units of the prior's three hidden layers");
  }
  void use_fields(Fields& f) override {
    f.add("steps", use_steps, {1, 100'000}, "steps of the walk over codes");
    f.add("rate", use_rate, {0, 10}, "mean length of a step, in deviations of the codes");
    f.add("prior", use_prior, {0, 1e6},
          "weight of the prior in a step; 0: none; large: the class is ignored");
    f.add("condition", use_condition, {0, 1e6}, "weight of the class in a step");
    f.add("noise", use_noise, {0, 10}, "deviation of the noise of a step");
    f.add("context", use_context, {0, 1e6}, "weight of the known part when a picture is completed");
  }
};

class Ppgn final : public Model,
                   public Sampler,
                   public Decoder,
                   public Encoder,
                   public Reconstructor,
                   public Completer,
                   public Classifier,
                   public ProcessBuffers {
 public:
  Ppgn(const DataShape& shape, const PpgnConfig& config, at::Generator generator, const Parents& parents)
      : config_(config), shape_(shape) {
    encoder_ = register_module("encoder", make_encoder(shape, config, config.code, generator));
    generator_ = register_module("generator", make_decoder(shape, config, generator));
    const auto discriminator = register_module(
        "discriminator", make_encoder(shape, config, 1, generator,
                                      config.penalises_gradients() ? "" : "batch", weighting_of(config)));
    prior_ = register_module("prior", std::make_shared<nn::Chain>());
    auto in = config.code;
    for (int i = 0; i < 3; ++i) {
      prior_->add(std::make_shared<nn::Dense>(in, config.prior_hidden)).add(nn::activation("relu"));
      in = config.prior_hidden;
    }
    prior_->add(std::make_shared<nn::Dense>(in, config.code));
    nn::initialise(*prior_, nn::Init::he, generator);
    mean_ = register_buffer("mean", torch::zeros({config.code}));
    square_ = register_buffer("square", torch::ones({config.code}));
    game_ = std::make_unique<Game>(
        *this, config,
        GameSetup{.discriminator = discriminator, .sizes = shape.sizes(1), .generator_name = "autoencoder"});
    add_player("autoencoder", {encoder_, generator_});
    add_player("discriminator", {discriminator});
    add_player("prior", {prior_});
    if (const auto found = parents.find(kClassifierParent); found != parents.end()) {
      parent_ = found->second;
    } else {
      classifier_ = register_module("classifier", make_encoder(shape, config, shape.classes, generator));
      add_player("classifier", {classifier_});
    }
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto& data = batch.data;
    const auto codes = encoder_->forward(data);
    const auto made = picture(codes);
    game_->learn({.real = data}, made.detach(), context);
    const auto pixels = (made - data).square().mean();
    context.update("autoencoder", config_.pixel_weight * pixels + game_->generator_loss(made, data, context));
    context.record("loss/pixels", pixels);

    const auto known = codes.detach();
    follow(known, context);
    const auto white = whitened(known);
    const auto cleaned = prior_->forward(white + config_.corruption * context.normal(white.sizes()));
    const auto loss = (cleaned - white).square().mean();
    context.update("prior", loss);
    context.record("loss/prior", loss);
    if (classifier_)
      context.update("classifier", labelled_loss(classifier_->forward(data), batch.labels, context));
  }

  Sampler* sampler() override { return this; }
  Decoder* decoder() override { return this; }
  Encoder* encoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Completer* completer() override { return this; }
  Classifier* classifier() override { return this; }

  bool conditional() const override { return true; }
  Tensor sample(const SampleRequest& request) override { return decode(walk(request, 1).back()); }
  Tensor chain(const SampleRequest& request, std::int64_t frames) override {
    std::vector<Tensor> pictures;
    for (const auto& codes : walk(request, frames)) pictures.push_back(decode(codes));
    return torch::stack(pictures);
  }
  std::int64_t latent_size() const override { return config_.code; }
  std::int64_t code_size() const override { return config_.code; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    return torch::randn({n, config_.code}, generator, mean_.options());
  }
  Tensor decode(const Tensor& white) override { return picture(white * deviation() + mean_); }
  std::vector<Tensor> shared_means() const override { return {mean_, square_}; }
  Tensor encode(const Tensor& data) override { return whitened(encoder_->forward(data)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }
  std::int64_t classes() const override { return shape_.classes; }
  Tensor classify(const Tensor& data) override {
    return parent_ ? parent_->classifier()->classify(data) : classifier_->forward(data);
  }

  // Starts from the code of the known part; its class is the one that the classifier sees there.
  Tensor complete(const Tensor& images, const Tensor& known, const SampleRequest& request) override {
    const auto mask = known.to(images.dtype());
    const auto start = encode(images * mask);
    const auto labels = request.condition.labels.defined() ? request.condition.labels.to(images.device())
                                                           : classify(decode(start)).argmax(1);
    const auto context = [&](const Tensor& made) {
      return -config_.use_context * (mask * (made - images)).square().flatten(1).mean(1);
    };
    const auto found = climb(start, labels, request, 1, context).back();
    return at::where(known > 0.5, images, decode(found));
  }

 private:
  Tensor picture(const Tensor& codes) const { return generator_->forward(codes).tanh(); }
  Tensor deviation() const { return (square_ - mean_.square()).clamp_min(1e-8).sqrt(); }
  Tensor whitened(const Tensor& codes) const { return (codes - mean_) / deviation(); }

  // The running mean and mean square of codes; the first step sets them.
  void follow(const Tensor& codes, StepContext& context) {
    const torch::NoGradGuard no_grad;
    const double share = context.step() == 0 ? 1 : 0.01;
    mean_.lerp_(codes.mean(0), share);
    square_.lerp_(codes.square().mean(0), share);
  }

  std::vector<Tensor> walk(const SampleRequest& request, std::int64_t frames) {
    return climb(draw_latent(request.count, request.generator), asked_labels(request, shape_.classes),
                 request, frames, {});
  }

  // The walk over whitened codes; the codes at `frames` evenly spread steps, the end last. `further`: a log
  // probability of pictures [N] to climb as well.
  std::vector<Tensor> climb(Tensor codes, const Tensor& labels, const SampleRequest& request,
                            std::int64_t frames, const std::function<Tensor(const Tensor&)>& further) {
    std::vector<Tensor> kept;
    const auto steps = config_.use_steps;
    for (std::int64_t i = 0; i < steps; ++i) {
      codes = codes + config_.use_rate * direction(codes, labels, further) +
              config_.use_noise * torch::randn(codes.sizes(), request.generator, codes.options());
      if ((i + 1) * frames / steps > i * frames / steps) kept.push_back(codes);
      request.report(i + 1, steps);
    }
    // With fewer steps than frames the last code stands for the missing ones.
    while (static_cast<std::int64_t>(kept.size()) < frames) kept.push_back(codes);
    return kept;
  }

  Tensor direction(const Tensor& codes, const Tensor& labels,
                   const std::function<Tensor(const Tensor&)>& further) {
    const torch::AutoGradMode with_gradients(true);
    const auto at = codes.detach().requires_grad_();
    const auto made = decode(at);
    auto climbed = config_.use_condition * classify(made).log_softmax(1).gather(1, labels.unsqueeze(1)).sum();
    if (further) climbed = climbed + further(made).sum();
    const auto slope = torch::autograd::grad({climbed}, {at})[0];
    const torch::NoGradGuard no_grad;
    const auto way = config_.use_prior * (prior_->forward(codes) - codes) + slope;
    return way / way.abs().mean(1, /*keepdim=*/true).clamp_min(1e-8);
  }

  const PpgnConfig config_;
  const DataShape shape_;
  std::shared_ptr<nn::Chain> encoder_, generator_, prior_, classifier_;
  Tensor mean_, square_;  // [code], of codes
  std::unique_ptr<Game> game_;
  std::shared_ptr<Model> parent_;
};

Fault check_ppgn(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<PpgnConfig>(recipe);
  if (auto wrong = check_conditions(shape, recipe, /*with_attributes=*/false)) return wrong;
  if (auto wrong = check_code_networks(shape, config)) return wrong;
  return check_game(config);
}

}  // namespace

ModelInfo ppgn() {
  return describe<Ppgn, PpgnConfig>({
      .name = "ppgn",
      .family = "gan",
      .summary = "plug and play: samples of a class by a walk over codes under a classifier and a prior",
      .paper =
          "Nguyen et al., Plug & Play Generative Networks: Conditional Iterative Generation of Images in Latent "
          "Space, CVPR 2017",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::decoder,
                       Capability::encoder, Capability::reconstructor, Capability::completer,
                       Capability::classifier},
      .players = {{"autoencoder", {.lr = 5e-4, .beta1 = 0.5, .average = 0.999}},
                  {"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"prior", {.lr = 1e-3, .average = 0.999}},
                  {"classifier", {.lr = 1e-3}}},
      .sides = code_sides,
      .check = check_ppgn,
      .parents = {{.name = kClassifierParent,
                   .needs = Capability::classifier,
                   .help = "classifier of the same classes; without one the model trains its own"}},
      .tiny = {"model.width=8", "model.code=8", "model.prior_hidden=16", "use.steps=3"},
      .variants = regulariser_variants({"model.network=fully-connected", "model.adversarial_weight=0",
                                        "model.objective=least-squares", "model.feature_matching=1",
                                        "model.spectral_norm=true"}),
  });
}

}  // namespace belamy::models
