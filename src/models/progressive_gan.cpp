// Progressive growing of GANs: Karras, Aila, Laine & Lehtinen 2018 (arXiv:1710.10196).
//
//   Both networks begin at 4x4 pixels. Each stage doubles their resolution: the new layers fade in,
//
//     G: (1 - a) up(image of the level before) + a (image of the new level)
//     D: (1 - a) from_image(down(x)) + a down(new layers(x))
//     data: (1 - a) up(down(x)) + a x
//
//   while a rises from 0 to 1, and train on at a = 1. Losses of WGAN-GP with a drift term 0.001 E D(x)^2;
//   equalised weights, pixel norm in G, standard deviation over the batch in D, the mean of G's weights.
//
// Departures: the lengths of stages and fades are settings (paper: 600,000 images each); a fade comes at the
// start of the stage of its resolution. A side that is not 4, 8, 16, ... is padded with black for the
// discriminator and cropped from the samples. Without stages the networks do not grow: they have all levels from
// the first step.

#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>

#include "models/shared/adversarial_model.h"
#include "models/shared/frame.h"
#include "nn/growing.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

struct ProgressiveConfig : AdversarialConfig {
  std::int64_t width = 64, capacity = 1024;
  bool pixel_norm = true;
  double fade = 0.5;

  ProgressiveConfig() {
    latent = 64;
    objective = "wasserstein";
    gradient_penalty = 10;
    drift = 1e-3;
    minibatch_deviation = true;
  }

  void fields(Fields& f) override {
    latent_fields(f);
    f.add("width", width, {1, 1024}, "most channels of a level (paper: 512)");
    f.add("capacity", capacity, {4, 65536},
          "channels times pixels a side of a level, up to the width (paper: 16384)");
    f.add("fade", fade, {0, 1}, "the part of a stage in which its level fades in");
    f.add("pixel_norm", pixel_norm, "give the generator's features equal length at each pixel");
    f.add("minibatch_deviation", minibatch_deviation,
          "show the discriminator the standard deviation over its batch");
    game_fields(f);
  }
};

// "4x4", "8x8", ...
std::vector<std::string> stages_of(const DataShape& shape) {
  std::vector<std::string> names;
  for (std::size_t level = 0; level < Frame(shape).levels(); ++level) {
    names.push_back(fmt::format("{0}x{0}", nn::side_of_level(level)));
  }
  return names;
}

class ProgressiveGan final : public AdversarialModel {
 public:
  ProgressiveGan(const DataShape& shape, const ProgressiveConfig& config, at::Generator generator)
      : AdversarialModel(config, shape, config.latent),
        stages_(stages_of(shape)),
        fade_(config.fade),
        frame_(shape),
        growth_(std::make_shared<nn::Growth>(nn::Growth{.level = frame_.levels() - 1})) {
    level_ =
        register_buffer("level", torch::full({}, static_cast<std::int64_t>(growth_->level), torch::kLong));
    share_ = register_buffer("share", torch::ones({}));
    const auto channels = channels_of(frame_, config.width, config.capacity);
    generator_->add(std::make_shared<nn::GrowingGenerator>(config.latent, channels, shape.channels,
                                                           config.pixel_norm, growth_));
    discriminator_->add(std::make_shared<nn::GrowingDiscriminator>(channels, packed_shape().channels,
                                                                   config.minibatch_deviation, growth_));
    discriminator_->add(std::make_shared<nn::Dense>(channels[0], 1, nn::Weighting::equalised));
    nn::initialise(*this, nn::Init::unit, generator);
    begin_game(generator);
  }

  void begin_stage(const std::string& stage) override {
    const torch::NoGradGuard no_grad;
    level_.fill_(static_cast<std::int64_t>(level_of(stage)));
  }

  void step(const Batch& batch, StepContext& context) override {
    growth_->level = level_of(context.stage());
    const bool fades = context.stage() != "main" && growth_->level > 0;
    const auto length = fade_ * static_cast<double>(context.stage_steps());
    growth_->share =
        fades ? std::min(1.0, static_cast<double>(context.stage_step() + 1) / std::max(length, 1.0)) : 1;
    share_.fill_(growth_->share);
    AdversarialModel::step(batch, context);
  }

  Tensor sample(const SampleRequest& request) override {
    return decode(draw_latent(request.count, request.generator));
  }
  Tensor decode(const Tensor& latents) override {
    recall_growth();
    return shown(generate(latents));
  }
  Tensor score(const Tensor& data) override {
    recall_growth();
    return AdversarialModel::score(seen(data));
  }

 protected:
  Game::Round round(const Batch& batch, StepContext& context) override {
    auto round = AdversarialModel::round(batch, context);
    round.real = seen(batch.data);
    return round;
  }

 private:
  std::size_t level_of(const std::string& stage) const {
    const auto found = std::find(stages_.begin(), stages_.end(), stage);
    return std::min(static_cast<std::size_t>(found - stages_.begin()), stages_.size() - 1);
  }

  // After a checkpoint was loaded, its buffers say how far the networks have grown.
  void recall_growth() {
    growth_->level = static_cast<std::size_t>(level_.item<std::int64_t>());
    growth_->share = share_.item<double>();
  }

  // Data as the discriminator sees them at the present level.
  Tensor seen(const Tensor& images) const {
    auto data = frame_.padded(images);
    if (const auto times = frame_.side() / nn::side_of_level(growth_->level); times > 1) {
      data = at::avg_pool2d(data, times);
    }
    return growth_->share == 1 ? data : growth_->mixed(nn::doubled(nn::halved(data)), data);
  }

  // Samples of the present level as images of the data's size.
  Tensor shown(const Tensor& samples) const {
    const auto side = frame_.side();
    const auto full = samples.size(2) < side ? at::upsample_nearest2d(samples, {side, side}) : samples;
    return frame_.cropped(full).clamp(-1, 1);
  }

  const std::vector<std::string> stages_;
  const double fade_;
  const Frame frame_;
  const std::shared_ptr<nn::Growth> growth_;
  Tensor level_, share_;
};

Fault check_progressive(const DataShape&, const Recipe& recipe) {
  const auto& config = config_of<ProgressiveConfig>(recipe);
  if (config.replay > 0)
    return {"samples of several sizes do not fit into the replay memory", {"model.replay=0"}};
  return check_game(recipe);
}

}  // namespace

ModelInfo progressive_gan() {
  return describe<ProgressiveGan, ProgressiveConfig>({
      .name = "progressive-gan",
      .family = "gan",
      .summary = "GAN that grows from 4x4 pixels, a stage for each resolution",
      .paper =
          "Karras, Aila, Laine & Lehtinen, Progressive Growing of GANs for Improved Quality, Stability, and "
          "Variation, ICLR 2018",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::scorer},
      .players = {{"discriminator", {.lr = 1e-3, .beta1 = 0, .beta2 = 0.99}},
                  {"generator", {.lr = 1e-3, .beta1 = 0, .beta2 = 0.99, .average = 0.999}}},
      .sides = [](const Recipe&) { return ImageSides{.square = true}; },
      .check = check_progressive,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8", "optimizer.discriminator.lr=0.01",
               "optimizer.generator.lr=0.01"},
      .stages = [](const DataShape& shape, const ModelConfig&) { return stages_of(shape); },
      .variants = {"model.pixel_norm=false", "model.minibatch_deviation=false",
                   "model.objective=non-saturating", "model.r1=1", "model.critic_steps=3", "model.packing=2",
                   "model.feature_matching=1", "model.past_players=2", "model.unroll=2"},
  });
}

}  // namespace belamy::models
