// StyleGAN: Karras, Laine & Aila 2019 (arXiv:1812.04948); Karras et al. 2020 (arXiv:1912.04958).
//
//   A mapping network turns z into a style w. The synthesis network begins with a learned 4x4 input; w controls
//   each of its convolutions, and noise is added after each:
//
//     w = f(z),  x = G(w_1, ..., w_L; noise),  L: two styles for each resolution
//
//   With probability `mixing` the styles of a sample come from two latents, the second one from a random layer on.
//   D minimises the logistic loss with R1 every `penalty_every`-th step; G the non-saturating loss and, with
//   path_length, (|J^T y| - a)^2 with J = dx / dw, y ~ N(0, 1), and a the moving average of |J^T y|. In use,
//   w = mean + truncation (f(z) - mean).
//
//   styling=modulation scales a convolution's input channels and normalises its weights (2020); styling=adain
//   normalises and scales its output channels (2019).
//
// Departures: features are enlarged before a convolution, not by a transposed one; the discriminator averages 2x2
// pixels without a filter; pictures of all resolutions are added up with both kinds of styling. A side that is not 4,
// 8, 16, ... is padded with black for the discriminator and cropped from the samples.

#include <cmath>
#include <torch/autograd.h>
#include <torch/types.h>

#include "belamy/group.h"

#include "models/shared/adversarial_model.h"
#include "models/shared/frame.h"
#include "nn/growing.h"
#include "nn/init.h"
#include "nn/style.h"

namespace belamy::models {
namespace {

using Names = std::vector<std::string>;

struct StyleGanConfig : AdversarialConfig {
  std::int64_t width = 64, capacity = 1024, style = 64, mapping_layers = 2;
  std::string styling = "modulation", discriminator = "residual";
  double mapping_rate = 0.01, mixing = 0.9, path_length = 0;
  std::int64_t path_every = 4;
  double use_truncation = 1;
  std::string use_noise = "fixed";

  StyleGanConfig() {
    latent = 64;
    r1 = 0.1;
    penalty_every = 16;
    minibatch_deviation = true;
  }

  void fields(Fields& f) override {
    latent_fields(f);
    f.add("style", style, {1, 4096}, "length of the style w");
    f.add("mapping_layers", mapping_layers, {1, 16}, "layers between z and w (papers: 8, 2 for small data)");
    f.add("mapping_rate", mapping_rate, {1e-6, 1},
          "the mapping's learning rate as a share of the generator's");
    f.add("styling", styling, Names{"modulation", "adain"}, "how a style controls a convolution");
    f.add("mixing", mixing, {0, 1}, "share of training samples whose styles come from two latents");
    f.add("path_length", path_length, {0, 1e6}, "weight of the path length regulariser; 0: off (paper: 2)");
    f.add("path_every", path_every, {1, 1'000'000},
          "apply the path length regulariser only every N-th step, multiplied by N");
    f.add("width", width, {1, 1024}, "most channels of a resolution (paper: 512)");
    f.add("capacity", capacity, {4, 65536},
          "channels times pixels a side of a resolution, up to the width (paper: 16384)");
    f.add("discriminator", discriminator, Names{"residual", "plain"},
          "residual: that of StyleGAN2; plain: that of StyleGAN");
    f.add("minibatch_deviation", minibatch_deviation,
          "show the discriminator the standard deviation over its batch");
    game_fields(f);
  }
  void use_fields(Fields& f) override {
    f.add(
        "truncation", use_truncation, {0, 1},
        "distance of styles from their mean, as a share; smaller values give better, less varied samples; 1: off");
    f.add("noise", use_noise, Names{"fixed", "off"},
          "noise after each convolution: the same for all images, or none, which shows what it is for");
  }
};

class StyleGan final : public AdversarialModel, public ProcessBuffers {
 public:
  StyleGan(const DataShape& shape, const StyleGanConfig& config, at::Generator generator)
      : AdversarialModel(config, shape, config.latent), config_(config), frame_(shape) {
    const auto channels = channels_of(frame_, config.width, config.capacity);
    const auto styling = config.styling == "adain" ? nn::Styling::adain : nn::Styling::modulation;
    mapping_ = std::make_shared<nn::Mapping>(config.latent, config.style, config.mapping_layers,
                                             config.mapping_rate);
    synthesis_ = std::make_shared<nn::StyleSynthesis>(config.style, channels, shape.channels, styling);
    generator_->register_module("mapping", mapping_);
    generator_->register_module("synthesis", synthesis_);
    if (config.discriminator == "residual") {
      discriminator_->add(std::make_shared<nn::ResidualDiscriminator>(channels, packed_shape().channels,
                                                                      config.minibatch_deviation));
    } else {
      const auto grown = std::make_shared<nn::Growth>(nn::Growth{.level = frame_.levels() - 1});
      discriminator_->add(std::make_shared<nn::GrowingDiscriminator>(channels, packed_shape().channels,
                                                                     config.minibatch_deviation, grown));
    }
    discriminator_->add(std::make_shared<nn::Dense>(channels[0], 1, nn::Weighting::equalised));
    nn::initialise(*discriminator_, nn::Init::unit, generator);
    mapping_->initialise(generator);
    synthesis_->initialise(generator);
    mean_style_ = register_buffer("mean_style", torch::zeros({config.style}));
    mean_length_ = register_buffer("mean_path_length", torch::zeros({}));
    begin_game(generator);
  }

  Tensor sample(const SampleRequest& request) override {
    return decode(draw_latent(request.count, request.generator));
  }
  Tensor decode(const Tensor& latents) override { return decode_from("w", into("w", latents)); }
  std::vector<Tensor> shared_means() const override { return {mean_style_, mean_length_}; }
  std::vector<std::string> spaces() const override { return {"z", "w"}; }
  Tensor into(const std::string& space, const Tensor& latents) override {
    if (space == "z") return latents;
    const auto w = mapping_->forward(latents);
    return mean_style_ + config_.use_truncation * (w - mean_style_);
  }
  Tensor decode_from(const std::string& space, const Tensor& points) override {
    if (space == "z") return decode(points);
    return decode_at_layers(at_all_layers(points));
  }
  std::int64_t layers() const override { return synthesis_->styles(); }
  Tensor decode_at_layers(const Tensor& points) override {
    nn::StyleNoise noise;
    if (config_.use_noise == "off") noise.kind = nn::StyleNoise::Kind::off;
    return frame_.cropped(synthesis_->forward(points, noise)).clamp(-1, 1);
  }
  Tensor score(const Tensor& data) override { return AdversarialModel::score(frame_.padded(data)); }

 protected:
  Game::Round round(const Batch& batch, StepContext& context) override {
    const auto styles = std::make_shared<Tensor>();  // those of the samples
    Game::Round round{
        .real = frame_.padded(batch.data), .make = [this, styles, n = batch.size(), &context] {
          *styles = draw_styles(n, context);
          return synthesis_->forward(*styles, {nn::StyleNoise::Kind::drawn, context.generator()});
        }};
    if (config_.path_length > 0 && path_is_due(context)) {
      round.generator_terms = [this, styles, &context](const Tensor&, const Tensor& samples) {
        return path_term(samples, *styles, context);
      };
    }
    return round;
  }

 private:
  Tensor at_all_layers(const Tensor& w) const {
    return w.unsqueeze(1).expand({w.size(0), synthesis_->styles(), w.size(1)});
  }

  // The styles of n samples for training at each layer, some of them mixed: [n, L, W].
  Tensor draw_styles(std::int64_t n, StepContext& context) {
    auto generator = context.generator();
    const auto w = mapping_->forward(draw_latent(n, generator));
    follow_mean(w);
    auto ws = at_all_layers(w);
    if (config_.mixing > 0) {
      const auto other = at_all_layers(mapping_->forward(draw_latent(n, generator)));
      // The first layer of the second latent: 1 to L - 1, or none.
      const auto layers = static_cast<double>(synthesis_->styles());
      const auto start = context.uniform({n, 1, 1}, 1, layers).floor();
      const auto mixes = context.uniform({n, 1, 1}) < config_.mixing;
      const auto layer = torch::arange(synthesis_->styles(), w.options()).view({1, -1, 1});
      ws = torch::where(mixes.logical_and(layer >= start), other, ws);
    }
    return ws;
  }

  void follow_mean(const Tensor& w) {
    const torch::NoGradGuard no_grad;
    mean_style_.lerp_(w.detach().to(torch::kFloat).mean(0), 1 - 0.995);
  }

  // Every path_every-th update of the generator, which may not move at each step.
  bool path_is_due(StepContext& context) const {
    const auto updates = (context.step() + 1) / config_.critic_steps;
    return (context.step() + 1) % config_.critic_steps == 0 && updates % config_.path_every == 0;
  }

  Tensor path_term(const Tensor& samples, const Tensor& ws, StepContext& context) {
    const auto pixels = static_cast<double>(samples.size(2) * samples.size(3));
    const auto y = context.normal(samples.sizes()) / std::sqrt(pixels);
    const auto gradient = torch::autograd::grad({(samples * y).sum()}, {ws}, {}, /*retain_graph=*/true,
                                                /*create_graph=*/true)[0];
    const auto lengths = gradient.square().sum(2).mean(1).sqrt();  // [N]
    {
      const torch::NoGradGuard no_grad;
      mean_length_.lerp_(lengths.detach().mean(), 0.01);
    }
    const auto penalty = (lengths - mean_length_).square().mean();
    context.record("penalty/path-length", penalty);
    return config_.path_length * static_cast<double>(config_.path_every) * penalty;
  }

  const StyleGanConfig config_;
  const Frame frame_;
  std::shared_ptr<nn::Mapping> mapping_;
  std::shared_ptr<nn::StyleSynthesis> synthesis_;
  Tensor mean_style_;   // [W]
  Tensor mean_length_;  // []
};

Fault check_stylegan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<StyleGanConfig>(recipe);
  if (config.replay > 0 && Frame(shape).has_margin()) {
    return {"the replay memory stores images without a margin", {"model.replay=0"}};
  }
  return check_game(recipe);
}

}  // namespace

ModelInfo stylegan() {
  return describe<StyleGan, StyleGanConfig>({
      .name = "stylegan",
      .family = "gan",
      .summary = "GAN whose mapping network turns the latent into styles for each resolution",
      .paper =
          "Karras, Laine & Aila, A Style-Based Generator Architecture for Generative Adversarial Networks, CVPR "
          "2019; Karras et al., Analyzing and Improving the Image Quality of StyleGAN, CVPR 2020",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer},
      .players = {{"discriminator", {.lr = 2.5e-3, .beta1 = 0, .beta2 = 0.99}},
                  {"generator", {.lr = 2.5e-3, .beta1 = 0, .beta2 = 0.99, .average = 0.999}}},
      .sides = [](const Recipe&) { return ImageSides{.square = true}; },
      .check = check_stylegan,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8", "model.style=8", "optimizer.discriminator.lr=0.01",
               "optimizer.generator.lr=0.01"},
      .variants = {"model.styling=adain", "model.augment=adaptive", "model.discriminator=plain",
                   "model.mixing=0", "model.path_length=2", "model.penalty_every=1",
                   "model.minibatch_deviation=false", "model.objective=wasserstein", "model.critic_steps=3",
                   "model.packing=2", "model.feature_matching=1", "model.past_players=2", "model.unroll=2"},
  });
}

}  // namespace belamy::models
