// SRGAN and SRResNet: Ledig et al. 2017 (arXiv:1609.04802).
//
//   G enlarges images; x is a large image and y its reduced copy:
//
//     generator      descends  pixel_weight |G(y) - x|^2 + perceptual_weight d(F(G(y)), F(x))
//                              - adversarial_weight log D(G(y))
//     discriminator  descends  -log D(x) - log(1 - D(G(y)))
//
//   F: the maps of a trained network, a parent; d: squared distance as a share of |F(x)|^2. In the stage "pretrain" the
//   generator has the first term only. adversarial_weight=0 without a parent leaves SRResNet.
//
// Departures: with skip=bicubic the network adds its output to the input enlarged by bicubic interpolation; maps of F are
// compared as a share, so that its weight does not depend on the layer; the discriminator halves the image until four to
// seven pixels are left, and has no layer of 1024 units before its verdict.

#include <algorithm>
#include <bit>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/game.h"
#include "nn/init.h"
#include "nn/norm.h"
#include "objectives/style.h"

namespace belamy::models {
namespace {

constexpr const char* kPretrain = "pretrain";
constexpr const char* kFeatures = "features";

struct SrganConfig : ModelConfig, GameSettings {
  std::int64_t width = 64, blocks = 16, discriminator_width = 0;
  std::string norm = "batch", skip = "bicubic";
  double pixel_weight = 1, perceptual_weight = 0.1;
  std::int64_t perceptual_layer = 3;

  SrganConfig() { adversarial_weight = 1e-3; }
  void fields(Fields& f) override {
    objective_fields(f);
    matching_fields(f);
    regulariser_fields(f);
    spectral_field(f);
    f.add("width", width, {1, 1024}, "channels of the generator's layers");
    f.add("blocks", blocks, {1, 64}, "residual blocks of the generator");
    f.add("norm", norm, std::vector<std::string>{"batch", "none"},
          "normalisation in the generator's residual blocks");
    f.add("skip", skip, std::vector<std::string>{"bicubic", "none"},
          "bicubic: add the bicubic enlargement of the input to the output; none: the paper's network");
    f.add("discriminator_width", discriminator_width, {0, 1024},
          "channels of the discriminator's layer next to the image; 0: as width");
    f.add("pixel_weight", pixel_weight, {0, 1e6}, "weight of the mean squared error of pixels");
    f.add("perceptual_weight", perceptual_weight, {0, 1e6},
          "weight of the distance in the features of the parent, if there is one");
    f.add("perceptual_layer", perceptual_layer, {1, 100},
          "which of the parent's maps are compared, from fine to coarse");
  }
};

// x + f(x), f two convolutions.
class SrBlock : public torch::nn::Module {
 public:
  SrBlock(std::int64_t channels, bool normalised) {
    chain_ = register_module("chain", std::make_shared<nn::Chain>());
    const auto add = [&] {
      chain_->add(std::make_shared<nn::Conv>(channels, channels, 3, 1, 1, /*bias=*/!normalised));
      if (normalised) chain_->add(std::make_shared<nn::Norm>("batch", channels));
    };
    add();
    chain_->add(std::make_shared<nn::PRelu>(channels));
    add();
  }
  Tensor forward(const Tensor& x) const { return x + chain_->forward(x); }

 private:
  std::shared_ptr<nn::Chain> chain_;
};

// Images of any size [N, C, H, W] -> [N, C, factor H, factor W].
class SrResNet : public torch::nn::Module {
 public:
  SrResNet(std::int64_t channels, std::int64_t factor, const SrganConfig& config, at::Generator generator)
      : factor_(factor), adds_input_(config.skip == "bicubic") {
    const auto width = config.width;
    const bool normalised = config.norm == "batch";
    for (auto* part : {&head_, &body_, &tail_}) *part = std::make_shared<nn::Chain>();
    register_module("head", head_);
    register_module("body", body_);
    register_module("tail", tail_);
    head_->add(std::make_shared<nn::Conv>(channels, width, 9, 1, 4, true))
        .add(std::make_shared<nn::PRelu>(width));
    for (std::int64_t i = 0; i < config.blocks; ++i) body_->add(std::make_shared<SrBlock>(width, normalised));
    body_->add(std::make_shared<nn::Conv>(width, width, 3, 1, 1, !normalised));
    if (normalised) body_->add(std::make_shared<nn::Norm>("batch", width));
    for (auto left = factor; left > 1; left /= 2) {
      tail_->add(std::make_shared<nn::Conv>(width, 4 * width, 3, 1, 1, true));
      tail_->add([](const Tensor& x) { return at::pixel_shuffle(x, 2); });
      tail_->add(std::make_shared<nn::PRelu>(width));
    }
    nn::initialise(*this, nn::Init::he, generator);
    const auto last = std::make_shared<nn::Conv>(width, channels, 9, 1, 4, true);
    nn::initialise(*last, nn::Init::dcgan, generator);
    tail_->add(last);
  }

  Tensor forward(const Tensor& x) const {
    const auto features = head_->forward(x);
    const auto made = tail_->forward(features + body_->forward(features));
    if (!adds_input_) return made;
    return made +
           at::upsample_bicubic2d(x, {factor_ * x.size(2), factor_ * x.size(3)}, /*align_corners=*/false);
  }

 private:
  std::int64_t factor_;
  bool adds_input_;
  std::shared_ptr<nn::Chain> head_, body_, tail_;
};

class Srgan final : public Model, public Translator {
 public:
  Srgan(const DataShape& shape, const SrganConfig& config, at::Generator generator, const Parents& parents)
      : config_(config), factor_(shape.others[0].width / shape.width) {
    generator_ =
        register_module("generator", std::make_shared<SrResNet>(shape.channels, factor_, config, generator));
    const auto discriminator = register_module("discriminator", std::make_shared<nn::Chain>());
    const auto& large = shape.others[0];
    build(*discriminator, large, generator);
    game_ = std::make_unique<Game>(
        *this, config,
        GameSetup{.discriminator = discriminator, .sizes = {1, large.channels, large.height, large.width}});
    add_player("generator", {generator_});
    add_player("discriminator", {discriminator});
    if (const auto found = parents.find(kFeatures); found != parents.end()) parent_ = found->second;
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto &reduced = batch.data, &large = batch.partner.data;
    const auto made = generator_->forward(reduced);
    const auto pixels = (made - large).square().mean();
    context.record("loss/pixels", pixels);
    if (context.stage() == kPretrain) return context.update("generator", pixels);

    auto loss = config_.pixel_weight * pixels;
    if (parent_ && config_.perceptual_weight > 0) {
      const auto distance = objectives::relative_distance(seen(made), seen(large).detach());
      context.record("loss/perceptual", distance);
      loss = loss + config_.perceptual_weight * distance;
    }
    if (config_.adversarial_weight > 0) {
      game_->learn({.real = large}, made.detach(), context);
      loss = loss + game_->generator_loss(made, large, context);
    }
    context.update("generator", loss);
  }

  Translator* translator() override { return this; }
  std::vector<Direction> directions() const override { return {Direction::a2b}; }
  Tensor translate(const Tensor& data, Direction) override { return generator_->forward(data).clamp(-1, 1); }
  std::int64_t enlargement() const override { return factor_; }
  bool any_size() const override { return true; }

 private:
  Tensor seen(const Tensor& images) const {
    const auto maps = parent_->featurizer()->features(images);
    return maps[std::min(maps.size(), static_cast<std::size_t>(config_.perceptual_layer)) - 1];
  }

  // Pairs of convolutions, the second of each halves the image: four of them in the paper, for 96 pixels.
  void build(nn::Chain& chain, const DataShape& shape, at::Generator generator) const {
    const auto weighting = weighting_of(config_);
    const auto norm = config_.penalises_gradients() ? "layer" : "batch";
    const auto side = std::min(shape.height, shape.width);
    const auto halvings = static_cast<int>(std::bit_width(static_cast<std::uint64_t>(side))) - 3;
    auto channels = config_.discriminator_width ? config_.discriminator_width : config_.width;
    auto in = shape.channels, height = shape.height, width = shape.width;
    for (int i = 0; i < halvings; ++i) {
      const auto out = std::min(channels << i, 8 * channels);
      for (const std::int64_t stride : {1, 2}) {
        const bool first = i == 0 && stride == 1;
        chain.add(std::make_shared<nn::Conv>(in, out, 3, stride, 1, /*bias=*/first, weighting));
        if (!first) chain.add(std::make_shared<nn::Norm>(norm, out));
        chain.add(nn::activation("leaky-relu"));
        in = out;
      }
      height = (height + 1) / 2;
      width = (width + 1) / 2;
    }
    chain.add([](const Tensor& x) { return x.flatten(1); });
    chain.add(std::make_shared<nn::Dense>(in * height * width, 1, weighting));
    nn::initialise(chain, nn::Init::dcgan, generator);
  }

  SrganConfig config_;
  std::int64_t factor_;
  std::shared_ptr<SrResNet> generator_;
  std::unique_ptr<Game> game_;
  std::shared_ptr<Model> parent_;
};

Fault check_srgan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<SrganConfig>(recipe);
  const auto& large = shape.others[0];
  if (!std::has_single_bit(static_cast<std::uint64_t>(large.width / shape.width)))
    return {fmt::format("it doubles images once or several times, but B is {} times as large as A",
                        large.width / shape.width),
            {"data.factor=4"}};
  if (std::min(large.height, large.width) < 8)
    return {"the discriminator needs images of at least 8 pixels a side", {"data.size=16"}};
  if (large.channels != shape.channels)
    return {fmt::format("the images of A have {} channels and those of B {}", shape.channels, large.channels),
            {fmt::format("data.channels={}", large.channels)}};
  if (config.pixel_weight == 0 && config.adversarial_weight == 0 && recipe.parents.empty())
    return {"the generator's loss has no term", {"model.pixel_weight=1"}};
  return check_game(config);
}

}  // namespace

ModelInfo srgan() {
  return describe<Srgan, SrganConfig>({
      .name = "srgan",
      .family = "translation",
      .summary =
          "super-resolution: enlarges images 2, 4 or 8 times, with a pixel, a perceptual and an adversarial loss",
      .paper = "Ledig et al., Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial "
               "Network, CVPR 2017",
      .capabilities = {Capability::translator},
      .players = {{"generator", {.lr = 1e-4}}, {"discriminator", {.lr = 1e-4}}},
      .relation = Relation::pairs,
      .sides = [](const Recipe&) { return ImageSides{.enlarges = true}; },
      .check = check_srgan,
      .parents = {{.name = kFeatures,
                   .needs = Capability::featurizer,
                   .help = "network whose features are compared: vgg16-conv, or a run"}},
      .tiny = {"model.width=4", "model.blocks=1"},
      .stages = [](const DataShape&, const ModelConfig&) { return std::vector<std::string>{kPretrain}; },
      .variants =
          regulariser_variants({"model.adversarial_weight=0", "model.augment=fixed", "model.norm=none",
                                "model.skip=none", "model.pixel_weight=0", "model.objective=least-squares",
                                "model.spectral_norm=true", "model.feature_matching=1"}),
  });
}

}  // namespace belamy::models
