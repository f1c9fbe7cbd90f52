// StackGAN: Zhang et al. 2017 (arXiv:1612.03242).
//
//   t is the code of a caption; two generators, one after the other, each with a discriminator of its own:
//
//     c       = m(t) + s(t) e,  e ~ N(0, 1)           conditioning augmentation, one for each generator
//     first     G1(z, c)                               a small picture
//     second    G2(G1(z, c), c')                       the same picture, larger and better, without further noise
//
//     D_k ascends   log D(x, t) + log(1 - D(G, t)) + wrong_pairs log(1 - D(x', t)),  x' a picture of another caption
//     G_k descends  -log D(G, t) + divergence KL(N(m, s^2) | N(0, 1))
//
//   In the stage "first" only the first game is played, in "second" only the second one; without stages both are.
//
// Departures: D's three terms have the weights 1, 1 and wrong_pairs, where the paper has 1, 1/2 and 1/2; KL is a mean over
// the values of c, as in the authors' program; strided convolutions in place of the residual blocks of D; e is a normal
// draw and not truncated; small pictures are the means of the large ones' pixels.

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <torch/types.h>
#include <utility>

#include "belamy/recipe.h"

#include "models/shared/captions.h"
#include "models/shared/frame.h"
#include "models/shared/game.h"
#include "nn/init.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

constexpr const char *kFirst = "first", *kSecond = "second";

struct StackganConfig : ModelConfig, GameSettings {
  std::int64_t latent = 100, condition = 128, width = 64, discriminator_width = 0, blocks = 4;
  std::string enlargement = "4";
  bool augment_condition = true;
  double divergence = 2, wrong_pairs = 1;

  void fields(Fields& f) override {
    objective_fields(f);
    matching_fields(f);
    regulariser_fields(f);
    spectral_field(f);
    f.add("latent", latent, {1, 4096}, "length of the latent vector");
    f.add("condition", condition, {1, 4096}, "length of the condition that is made from the caption's code");
    f.add("augment_condition", augment_condition,
          "draw the condition around its mean (conditioning augmentation)");
    f.add("divergence", divergence, {0, 1000}, "weight of the condition's divergence from N(0, 1)");
    f.add("wrong_pairs", wrong_pairs, {0, 1000},
          "weight of pictures with the caption of another one among what a discriminator must reject");
    f.add("enlargement", enlargement, std::vector<std::string>{"2", "4"},
          "how many times larger the second generator's pictures are than the first one's");
    f.add("width", width, {1, 1024},
          "channels of the generators' layers next to the image; they double towards the small end");
    f.add("discriminator_width", discriminator_width, {0, 1024},
          "channels of the discriminators' layers next to the image; 0: as width");
    f.add("blocks", blocks, {0, 16}, "residual blocks of the second generator");
  }
  std::int64_t times() const { return enlargement == "2" ? 2 : 4; }
};

// x + f(x), f two convolutions with norms.
class StackBlock : public torch::nn::Module {
 public:
  explicit StackBlock(std::int64_t channels) {
    chain_ = register_module("chain", std::make_shared<nn::Chain>());
    chain_->add(std::make_shared<nn::Conv>(channels, channels, 3, 1, 1, false))
        .add(std::make_shared<nn::Norm>("batch", channels))
        .add(nn::activation("relu"))
        .add(std::make_shared<nn::Conv>(channels, channels, 3, 1, 1, false))
        .add(std::make_shared<nn::Norm>("batch", channels));
  }
  Tensor forward(const Tensor& x) const { return (x + chain_->forward(x)).relu(); }

 private:
  std::shared_ptr<nn::Chain> chain_;
};

// x [N, C, S, S] with the condition [N, K] at each place: [N, C + K, S, S].
Tensor with_condition(const Tensor& x, const Tensor& condition) {
  return at::cat({x, condition.view({x.size(0), -1, 1, 1}).expand({-1, -1, x.size(2), x.size(3)})}, 1);
}

// The captions' codes as the discriminator sees them, beside the picture's features at each place.
class StackJoint : public torch::nn::Module {
 public:
  StackJoint(std::int64_t code, std::int64_t condition, nn::Weighting weighting) {
    reduced_ = register_module("reduced", std::make_shared<nn::Dense>(code, condition, weighting));
  }
  Tensor forward(const Tensor& x, const Tensor& codes) {
    return with_condition(x, nn::Rectifier{0.2}(reduced_->forward(codes)).to(x.scalar_type()));
  }

 private:
  std::shared_ptr<nn::Dense> reduced_;
};

// Doubles the side: [N, in, S, S] -> [N, out, 2 S, 2 S].
void add_doubling(nn::Chain& chain, std::int64_t in, std::int64_t out) {
  chain.add([](const Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); });
  chain.add(std::make_shared<nn::Conv>(in, out, 3, 1, 1, false))
      .add(std::make_shared<nn::Norm>("batch", out))
      .add(nn::activation("relu"));
}

class Stackgan final : public Model, public Sampler, public Decoder {
 public:
  Stackgan(const DataShape& shape, const StackganConfig& config, at::Generator generator,
           const Parents& parents)
      : config_(config), frame_(shape), channels_(shape.channels) {
    captions_ = register_module("captions", std::make_shared<Captions>(shape, parents));
    const std::int64_t sides[] = {frame_.side() / config.times(), frame_.side()};
    for (std::size_t i = 0; i < 2; ++i) {
      auto& level = levels_[i];
      const auto number = std::to_string(i + 1);
      level.augmentation = std::make_shared<nn::Dense>(captions_->size(), 2 * config.condition);
      level.network = std::make_shared<nn::Chain>();
      level.discriminator = std::make_shared<nn::Chain>();
      register_module("augmentation-" + number, level.augmentation);
      register_module("generator-" + number, level.network);
      register_module("discriminator-" + number, level.discriminator);
      i == 0 ? build_first(*level.network, sides[0]) : build_second(*level.network);
      build_discriminator(*level.discriminator, sides[i]);
      nn::initialise(*level.network, nn::Init::dcgan, generator);
      nn::initialise(*level.discriminator, nn::Init::dcgan, generator);
      nn::initialise(*level.augmentation, nn::Init::he, generator);
      auto weights = level.augmentation->parameters();
      for (const auto& weight : level.network->parameters()) weights.push_back(weight);
      level.game = std::make_unique<Game>(*this, config,
                                          GameSetup{.discriminator = level.discriminator,
                                                    .sizes = {1, channels_, sides[i], sides[i]},
                                                    .generator = std::move(weights),
                                                    .name = "discriminator-" + number,
                                                    .generator_name = "generator-" + number,
                                                    .real = "real-" + number,
                                                    .fake = "fake-" + number,
                                                    .suffix = "_" + number});
    }
    refines_ = register_buffer("refines", torch::ones({}));
    for (std::size_t i = 0; i < 2; ++i) add_player_of("discriminator", i + 1, {levels_[i].discriminator});
    for (std::size_t i = 0; i < 2; ++i)
      add_player_of("generator", i + 1, {levels_[i].augmentation, levels_[i].network});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto codes = captions_->of(batch.captions);
    captions_->remember(codes, context.step());
    const auto large = frame_.padded(batch.data);
    if (context.stage() != kSecond) {
      play(0, at::avg_pool2d(large, {config_.times(), config_.times()}), codes, context,
           [&](const Drawn& c) { return small(c.value, context.generator()); });
    }
    if (context.stage() == kFirst) return;
    Tensor picture;
    {
      const torch::NoGradGuard no_grad;
      picture = small(condition(0, codes, context.generator()).value, context.generator());
    }
    play(1, large, codes, context, [&](const Drawn& c) { return refined(picture, c.value); });
  }

  /// While only the first generator has learned, samples are its pictures, enlarged.
  void begin_stage(const std::string& stage) override { refines_.fill_(stage == kFirst ? 0 : 1); }

  Sampler* sampler() override { return this; }
  bool takes_captions() const override { return true; }
  Tensor sample(const SampleRequest& request) override {
    return levels_of(captions_->asked(request), request).back();
  }
  // The first picture, then the second.
  Tensor chain(const SampleRequest& request, std::int64_t frames) override {
    const auto both = levels_of(captions_->asked(request), request);
    std::vector<Tensor> shown;
    for (std::int64_t i = 0; i < frames; ++i) shown.push_back(both[2 * i >= frames ? 1 : 0]);
    return torch::stack(shown);
  }

  Decoder* decoder() override { return this; }
  /// The latent vector, then the caption's code.
  std::int64_t latent_size() const override { return config_.latent + captions_->size(); }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    return at::cat({noise(n, generator), captions_->draw(n, generator)}, 1);
  }
  /// With conditions at their means.
  Tensor decode(const Tensor& latents) override {
    const auto z = latents.narrow(1, 0, config_.latent);
    const auto codes = latents.narrow(1, config_.latent, captions_->size());
    const auto picture = levels_[0].network->forward(at::cat({z, moments(0, codes).first}, 1));
    return finished(refines() ? refined(picture, moments(1, codes).first) : picture);
  }

 private:
  struct Level {
    std::shared_ptr<nn::Dense> augmentation;
    std::shared_ptr<nn::Chain> network, discriminator;
    std::unique_ptr<Game> game;
  };
  struct Drawn {
    Tensor value, divergence;
  };

  void build_first(nn::Chain& make, std::int64_t side) const {
    auto channels = config_.width * side / 4;
    make.add(std::make_shared<nn::Dense>(config_.latent + config_.condition, channels * 16))
        .add([channels](const Tensor& x) {
          return x.view({-1, channels, 4, 4});
        })
        .add(std::make_shared<nn::Norm>("batch", channels))
        .add(nn::activation("relu"));
    for (auto at = side; at > 4; at /= 2, channels /= 2) add_doubling(make, channels, channels / 2);
    make.add(std::make_shared<nn::Conv>(channels, channels_, 3, 1, 1, true)).add(nn::activation("tanh"));
  }

  // Halves twice, joins the condition, and doubles again.
  void build_second(nn::Chain& make) const {
    const auto width = config_.width, inner = 4 * width;
    make.add(std::make_shared<nn::Conv>(channels_, width, 3, 1, 1, true)).add(nn::activation("relu"));
    for (auto channels = width; channels < inner; channels *= 2) {
      make.add(std::make_shared<nn::Conv>(channels, 2 * channels, 4, 2, 1, false))
          .add(std::make_shared<nn::Norm>("batch", 2 * channels))
          .add(nn::activation("relu"));
    }
    make.add_conditional(with_condition)
        .add(std::make_shared<nn::Conv>(inner + config_.condition, inner, 3, 1, 1, false))
        .add(std::make_shared<nn::Norm>("batch", inner))
        .add(nn::activation("relu"));
    for (std::int64_t i = 0; i < config_.blocks; ++i) make.add(std::make_shared<StackBlock>(inner));
    auto channels = inner;
    for (auto times = 4 * config_.times(); times > 1; times /= 2) {
      const auto out = std::max({channels / 2, width / 2, std::int64_t{1}});
      add_doubling(make, channels, out);
      channels = out;
    }
    make.add(std::make_shared<nn::Conv>(channels, channels_, 3, 1, 1, true)).add(nn::activation("tanh"));
  }

  void build_discriminator(nn::Chain& judge, std::int64_t side) const {
    const auto weighting = weighting_of(config_);
    const std::string norm = config_.penalises_gradients() ? "layer" : "batch";
    auto in = channels_, out = config_.discriminator_width ? config_.discriminator_width : config_.width;
    for (auto at = side; at > 4; at /= 2) {
      const bool first = in == channels_;
      judge.add(std::make_shared<nn::Conv>(in, out, 4, 2, 1, /*bias=*/first, weighting));
      if (!first) judge.add(std::make_shared<nn::Norm>(norm, out));
      judge.add(nn::activation("leaky-relu"));
      in = out;
      out *= 2;
    }
    judge.add(std::make_shared<StackJoint>(captions_->size(), config_.condition, weighting))
        .add(std::make_shared<nn::Conv>(in + config_.condition, in, 1, 1, 0, false, weighting))
        .add(std::make_shared<nn::Norm>(norm, in))
        .add(nn::activation("leaky-relu"))
        .add([](const Tensor& x) { return x.flatten(1); })
        .add(std::make_shared<nn::Dense>(in * 16, 1, weighting));
  }

  // Means and logarithms of the deviations of a caption's condition.
  std::pair<Tensor, Tensor> moments(std::size_t level, const Tensor& codes) const {
    const auto both = nn::Rectifier{0.2}(levels_[level].augmentation->forward(codes)).chunk(2, 1);
    return {both[0], both[1]};
  }

  Drawn condition(std::size_t level, const Tensor& codes, at::Generator generator) const {
    const auto [mean, log_deviation] = moments(level, codes);
    if (!config_.augment_condition) return {mean, {}};
    const auto draws = torch::randn(mean.sizes(), generator, mean.options());
    return {mean + log_deviation.exp() * draws,
            0.5 * (mean.square() + (2 * log_deviation).exp() - 2 * log_deviation - 1).mean()};
  }

  // One game: `make` turns a condition into pictures.
  void play(std::size_t level, const Tensor& real, const Tensor& codes, StepContext& context,
            const std::function<Tensor(const Drawn&)>& make) {
    Drawn drawn;
    Game::Round round{.real = real, .condition = codes, .make = [&] {
                        drawn = condition(level, codes, context.generator());
                        return make(drawn);
                      }};
    auto& game = *levels_[level].game;
    if (config_.wrong_pairs > 0) {
      round.further = game.blurred(real.roll(1, 0), context);
      round.further_condition = codes;
      round.discriminator_terms = [&](const Game::Outputs& outputs) {
        const auto loss = game.objective().discriminator_on_samples(outputs.further.squeeze(1));
        context.record(fmt::format("loss/wrong-pairs-{}", level + 1), loss);
        return config_.wrong_pairs * loss;
      };
    }
    if (config_.augment_condition && config_.divergence > 0) {
      round.generator_terms = [&](const Tensor&, const Tensor&) {
        context.record(fmt::format("divergence/condition-{}", level + 1), drawn.divergence);
        return config_.divergence * drawn.divergence;
      };
    }
    game.step(round, context);
  }

  Tensor noise(std::int64_t n, at::Generator generator) const {
    return torch::randn({n, config_.latent}, generator, torch::TensorOptions().device(generator.device()));
  }
  Tensor small(const Tensor& condition, at::Generator generator) const {
    return levels_[0].network->forward(at::cat({noise(condition.size(0), generator), condition}, 1));
  }
  Tensor refined(const Tensor& picture, const Tensor& condition) const {
    return levels_[1].network->forward(picture, condition);
  }
  bool refines() const { return refines_.item<float>() > 0; }
  // A picture of either generator with the data's size.
  Tensor finished(const Tensor& picture) const {
    const auto side = frame_.side();
    return frame_.cropped(picture.size(2) == side ? picture : at::upsample_nearest2d(picture, {side, side}));
  }
  // What both generators make, with the data's size.
  std::vector<Tensor> levels_of(const Tensor& codes, const SampleRequest& request) const {
    const auto picture = small(condition(0, codes, request.generator).value, request.generator);
    if (!refines()) return {finished(picture), finished(picture)};
    return {finished(picture), finished(refined(picture, condition(1, codes, request.generator).value))};
  }

  const StackganConfig config_;
  const Frame frame_;
  const std::int64_t channels_;
  std::shared_ptr<Captions> captions_;
  std::array<Level, 2> levels_;
  Tensor refines_;  // 0: only the first generator has learned
};

Fault check_stackgan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<StackganConfig>(recipe);
  if (auto wrong = check_captions(shape, recipe)) return wrong;
  const auto side = Frame(shape).side();
  if (side < 8 * config.times())
    return {fmt::format("the first pictures would have {} pixels a side, and need 8", side / config.times()),
            {config.times() == 4 && side >= 16 ? "model.enlargement=2"
                                               : fmt::format("data.size={}", 8 * config.times())}};
  if (config.replay > 0) return {"the replay memory stores no captions", {"model.replay=0"}};
  return check_game(config);
}

}  // namespace

ModelInfo stackgan() {
  return describe<Stackgan, StackganConfig>({
      .name = "stackgan",
      .family = "gan",
      .summary = "draws what a text says: a small picture first, then a larger one made of it",
      .paper =
          "Zhang et al., StackGAN: Text to Photo-realistic Image Synthesis with Stacked Generative Adversarial "
          "Networks, ICCV 2017",
      .capabilities = {Capability::sampler, Capability::caption_sampler, Capability::decoder},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .sides = [](const Recipe&) { return ImageSides{.square = true, .smallest = 16}; },
      .check = check_stackgan,
      .parents = {{.name = kText,
                   .needs = Capability::text_encoder,
                   .help = "a run that turns captions into codes, such as one of joint-embedding"}},
      .tiny = {"model.width=4", "model.latent=8", "model.condition=8", "model.blocks=1",
               "model.enlargement=2"},
      .stages =
          [](const DataShape&, const ModelConfig&) {
            return std::vector<std::string>{kFirst, kSecond};
          },
      .variants =
          regulariser_variants({"model.augment_condition=false", "model.wrong_pairs=0", "model.divergence=0",
                                "model.augment=fixed", "model.feature_matching=1",
                                "model.objective=least-squares", "model.spectral_norm=true"}),
  });
}

}  // namespace belamy::models
