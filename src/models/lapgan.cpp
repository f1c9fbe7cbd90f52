// LAPGAN: Denton, Chintala, Szlam & Fergus 2015 (arXiv:1506.05751).
//
//   A picture is a coarse one and the details of each finer level: with d(.) halving and u(.) doubling,
//
//     x = u(d(x)) + h,  h the details
//
//   A game for each level, all independent. At the coarsest level it is an ordinary one; at the others the generator adds
//   details to the true coarse picture, and the discriminator sees pictures, not details:
//
//     level k        D_k(x, y) against D_k(u(d(x)) + G_k(z_k, u(d(x)), y), y)
//
//   y is the class, if the data have labels. A sample goes through all levels, each adding details to the one before.
//
// Departures: Adam in place of SGD; convolutions with leaky ReLU in the discriminators; a side that is not 4, 8, 16, ...
// is padded with black for the discriminators and cropped from the samples.

#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/conditions.h"
#include "models/shared/frame.h"
#include "models/shared/game.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

struct LapganConfig : ModelConfig, GameSettings {
  std::int64_t latent = 100, width = 32, discriminator_width = 0, base = 8, hidden = 512;
  double dropout = 0.25;
  std::int64_t use_levels = 0;

  void fields(Fields& f) override {
    objective_fields(f);
    matching_fields(f);
    regulariser_fields(f);
    spectral_field(f);
    f.add("latent", latent, {1, 4096}, "length of the latent vector of the coarsest level");
    f.add("base", base, {4, 256}, "side of the pictures of the coarsest level", "pixels");
    f.add("hidden", hidden, {1, 8192}, "units of the hidden layers of the coarsest level");
    f.add("width", width, {1, 1024}, "channels of the other generators' layers");
    f.add("discriminator_width", discriminator_width, {0, 1024},
          "channels of the other discriminators' first layers; 0: as width");
    f.add("dropout", dropout, {0, 0.95}, "dropout rate in the discriminators");
  }
  void use_fields(Fields& f) override {
    f.add("levels", use_levels, {0, 16},
          "levels that a sample goes through; the others only enlarge it, which shows what they add; 0: all");
  }
};

Tensor halved(const Tensor& x) {
  return at::avg_pool2d(x, {2, 2});
}
Tensor doubled(const Tensor& x) {
  return at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, /*align_corners=*/false);
}

// A plane for the condition beside the picture: [N, C, S, S], [N, K] -> [N, C + 1, S, S].
class ConditionPlane : public torch::nn::Module {
 public:
  ConditionPlane(std::int64_t conditions, std::int64_t side, nn::Weighting weighting) : side_(side) {
    plane_ = register_module("plane", std::make_shared<nn::Dense>(conditions, side * side, weighting));
  }
  Tensor forward(const Tensor& x, const Tensor& condition) {
    return at::cat({x, plane_->forward(condition).relu().view({-1, 1, side_, side_})}, 1);
  }

 private:
  std::int64_t side_;
  std::shared_ptr<nn::Dense> plane_;
};

class Lapgan final : public Model, public Sampler {
 public:
  Lapgan(const DataShape& shape, const LapganConfig& config, at::Generator generator)
      : config_(config),
        frame_(shape),
        channels_(shape.channels),
        conditions_(shape, /*with_attributes=*/false) {
    std::vector<std::int64_t> sides;
    for (auto side = frame_.side(); side >= config.base; side /= 2) sides.insert(sides.begin(), side);
    levels_.resize(sides.size());
    for (std::size_t i = 0; i < sides.size(); ++i) {
      auto& level = levels_[i];
      level.side = sides[i];
      const auto number = std::to_string(i + 1);
      level.generator = register_module("generator-" + number, std::make_shared<nn::Chain>());
      level.discriminator = register_module("discriminator-" + number, std::make_shared<nn::Chain>());
      if (i == 0) {
        build_base(level, generator);
      } else {
        build_details(level, generator);
      }
      level.game = std::make_unique<Game>(*this, config,
                                          GameSetup{.discriminator = level.discriminator,
                                                    .sizes = {1, channels_, level.side, level.side},
                                                    .generator = level.generator->parameters(),
                                                    .name = "discriminator-" + number,
                                                    .generator_name = "generator-" + number,
                                                    .real = "real-" + number,
                                                    .fake = "fake-" + number,
                                                    .suffix = "_" + number});
    }
    for (std::size_t i = 0; i < levels_.size(); ++i)
      add_player_of("discriminator", i + 1, {levels_[i].discriminator});
    for (std::size_t i = 0; i < levels_.size(); ++i)
      add_player_of("generator", i + 1, {levels_[i].generator});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto condition = conditions_.of(batch);
    std::vector<Tensor> pictures = {frame_.padded(batch.data)};  // fine to coarse
    while (pictures.size() < levels_.size()) pictures.push_back(halved(pictures.back()));
    for (std::size_t i = 0; i < levels_.size(); ++i) {
      const auto& real = pictures[levels_.size() - 1 - i];
      const auto n = batch.size();
      const auto coarse = i > 0 ? pictures[levels_.size() - i] : Tensor();
      levels_[i].game->step({.real = real,
                             .condition = condition,
                             .make =
                                 [&] {
                                   return i == 0
                                              ? base(n, condition, context.generator())
                                              : refined(levels_[i], coarse, condition, context.generator());
                                 }},
                            context);
    }
  }

  Sampler* sampler() override { return this; }
  bool conditional() const override { return conditions_.classes() > 0; }
  Tensor sample(const SampleRequest& request) override {
    return frame_.cropped(pyramid(request).back()).clamp(-1, 1);
  }
  // The sample at each level, enlarged to the finest: how it comes about.
  Tensor chain(const SampleRequest& request, std::int64_t frames) override {
    const auto levels = pyramid(request);
    std::vector<Tensor> shown;
    for (std::int64_t i = 1; i <= frames; ++i) {
      const auto count = static_cast<std::int64_t>(levels.size());
      const auto& picture = levels[static_cast<std::size_t>((i * count + frames - 1) / frames) - 1];
      const auto side = frame_.side();
      shown.push_back(frame_.cropped(at::upsample_nearest2d(picture, {side, side})).clamp(-1, 1));
    }
    return torch::stack(shown);
  }

 private:
  struct Level {
    std::int64_t side = 0;
    std::shared_ptr<nn::Chain> generator, discriminator;
    std::unique_ptr<Game> game;
  };

  void build_base(Level& level, at::Generator generator) const {
    const auto pixels = channels_ * level.side * level.side;
    level.generator->add(std::make_shared<nn::Dense>(config_.latent + conditions_.size(), config_.hidden))
        .add(nn::activation("relu"))
        .add(std::make_shared<nn::Dense>(config_.hidden, config_.hidden))
        .add(nn::activation("relu"))
        .add(std::make_shared<nn::Dense>(config_.hidden, pixels))
        .add([sizes = std::vector<std::int64_t>{-1, channels_, level.side, level.side}](const Tensor& x) {
          return x.view(sizes).tanh();
        });
    const auto weighting = weighting_of(config_);
    auto& judge = *level.discriminator;
    judge.add_conditional([](const Tensor& x, const Tensor& condition) {
      const auto flat = x.flatten(1);
      return condition.defined() ? at::cat({flat, condition}, 1) : flat;
    });
    judge.add(std::make_shared<nn::Dense>(pixels + conditions_.size(), config_.hidden, weighting))
        .add(nn::activation("leaky-relu"))
        .add(std::make_shared<nn::Dropout>(config_.dropout, generator))
        .add(std::make_shared<nn::Dense>(config_.hidden, config_.hidden, weighting))
        .add(nn::activation("leaky-relu"))
        .add(std::make_shared<nn::Dropout>(config_.dropout, generator))
        .add(std::make_shared<nn::Dense>(config_.hidden, 1, weighting));
    nn::initialise(*level.generator, nn::Init::he, generator);
    nn::initialise(judge, nn::Init::he, generator);
  }

  void build_details(Level& level, at::Generator generator) const {
    const bool conditional = conditions_.size() > 0;
    auto& make = *level.generator;
    auto& judge = *level.discriminator;
    const auto weighting = weighting_of(config_);
    const auto plane = [&](nn::Chain& chain, nn::Weighting how) {
      if (conditional) chain.add(std::make_shared<ConditionPlane>(conditions_.size(), level.side, how));
    };
    plane(make, nn::Weighting::plain);
    const auto width = config_.width;
    make.add(std::make_shared<nn::Conv>(channels_ + 1 + conditional, width, 7, 1, 3, true))
        .add(nn::activation("relu"))
        .add(std::make_shared<nn::Conv>(width, width, 7, 1, 3, true))
        .add(nn::activation("relu"))
        .add(std::make_shared<nn::Conv>(width, channels_, 5, 1, 2, true));
    plane(judge, weighting);
    const auto first = config_.discriminator_width ? config_.discriminator_width : width;
    judge.add(std::make_shared<nn::Conv>(channels_ + conditional, first, 5, 2, 2, true, weighting))
        .add(nn::activation("leaky-relu"))
        .add(std::make_shared<nn::Conv>(first, 2 * first, 5, 2, 2, true, weighting))
        .add(nn::activation("leaky-relu"))
        .add(std::make_shared<nn::Dropout>(config_.dropout, generator))
        .add([](const Tensor& x) { return x.flatten(1); })
        .add(std::make_shared<nn::Dense>(2 * first * (level.side / 4) * (level.side / 4), 1, weighting));
    nn::initialise(make, nn::Init::dcgan, generator);
    nn::initialise(judge, nn::Init::dcgan, generator);
  }

  Tensor base(std::int64_t n, const Tensor& condition, at::Generator generator) const {
    const auto options = torch::TensorOptions().device(generator.device());
    auto latent = torch::randn({n, config_.latent}, generator, options);
    if (condition.defined()) latent = at::cat({latent, condition}, 1);
    return levels_[0].generator->forward(latent);
  }

  // Samples as they leave each level, coarse to fine.
  std::vector<Tensor> pyramid(const SampleRequest& request) const {
    const auto condition = conditions_.asked(request);
    std::vector<Tensor> pictures = {base(request.count, condition, request.generator)};
    for (std::size_t i = 1; i < levels_.size(); ++i) {
      const bool used = config_.use_levels == 0 || static_cast<std::int64_t>(i) < config_.use_levels;
      pictures.push_back(used ? refined(levels_[i], pictures.back(), condition, request.generator)
                              : doubled(pictures.back()));
    }
    return pictures;
  }

  // A coarse picture with the details of a level.
  Tensor refined(const Level& level, const Tensor& coarse, const Tensor& condition,
                 at::Generator generator) const {
    const auto large = doubled(coarse);
    const auto noise =
        torch::rand({large.size(0), 1, level.side, level.side}, generator, large.options()) * 2 - 1;
    return large + level.generator->forward(at::cat({large, noise}, 1), condition);
  }

  const LapganConfig config_;
  const Frame frame_;
  const std::int64_t channels_;
  const Conditions conditions_;
  std::vector<Level> levels_;  // coarse to fine
};

Fault check_lapgan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<LapganConfig>(recipe);
  if (shape.classes > 1) {
    if (auto wrong = check_conditions(shape, recipe, /*with_attributes=*/false)) return wrong;
  }
  const auto side = Frame(shape).side();
  if (side < 2 * config.base)
    return {fmt::format("pictures of {} pixels a side have one level above {} pixels only", shape.width,
                        config.base),
            {fmt::format("model.base={}", std::max<std::int64_t>(4, side / 2))}};
  if (config.replay > 0 && shape.classes > 1)
    return {"the replay memory stores no conditions", {"model.replay=0"}};
  return check_game(config);
}

}  // namespace

ModelInfo lapgan() {
  return describe<Lapgan, LapganConfig>({
      .name = "lapgan",
      .family = "gan",
      .summary = "a game for each level of a Laplacian pyramid, each adding details to a coarser picture",
      .paper =
          "Denton et al., Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks, NIPS 2015",
      .capabilities = {Capability::sampler, Capability::conditional_sampler},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .sides = [](const Recipe&) { return ImageSides{.square = true, .smallest = 8}; },
      .check = check_lapgan,
      .tiny = {"model.width=4", "model.hidden=32", "model.latent=8"},
      .variants = regulariser_variants({"model.base=4", "model.feature_matching=1", "model.dropout=0",
                                        "model.objective=least-squares", "model.spectral_norm=true"}),
  });
}

}  // namespace belamy::models
