#include "growing_gan.h"

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/recipe.h"

#include "models/shared/game.h"
#include "nn/init.h"
#include "nn/layers.h"

namespace belamy {
namespace {

constexpr std::int64_t kFirst = 4;  // pixels a side of the first stage

struct GrowingConfig : ModelConfig, models::GameSettings {
  std::int64_t latent = 8, width = 8;

  void fields(Fields& f) override {
    f.add("latent", latent, {1, 512}, "length of the latent");
    f.add("width", width, {1, 512}, "channels");
    objective_fields(f);
    regulariser_fields(f);
  }
};

// 4, 8, ... up to the data's side.
std::vector<std::int64_t> sides_of(const DataShape& shape) {
  std::vector<std::int64_t> sides = {kFirst};
  while (2 * sides.back() <= shape.width) sides.push_back(2 * sides.back());
  return sides;
}

Tensor doubled(const Tensor& x) {
  return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
}
Tensor resized(const Tensor& x, std::int64_t side) {
  return at::upsample_bilinear2d(x, {side, side}, /*align_corners=*/false);
}

// One block a resolution; `level` says how many take part, and is a buffer of the model.
class Growing final : public Model, public Sampler {
 public:
  Growing(const DataShape& shape, const GrowingConfig& config, at::Generator generator)
      : config_(config), shape_(shape), sides_(sides_of(shape)) {
    level_ = register_buffer("level", torch::zeros({}, torch::kLong));
    generator_ = register_module("generator", std::make_shared<nn::Chain>());
    generator_->add(std::make_shared<nn::Dense>(config.latent, config.width * kFirst * kFirst));
    discriminator_ = register_module("discriminator", std::make_shared<nn::Chain>());
    const auto conv = [](std::int64_t in, std::int64_t out) {
      return std::make_shared<nn::Conv>(in, out, 3, 1, 1, /*bias=*/true);
    };
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      const auto name = std::to_string(sides_[i]);
      blocks_.push_back(register_module("up" + name, conv(config.width, config.width)));
      painters_.push_back(register_module("paint" + name, conv(config.width, shape.channels)));
      readers_.push_back(register_module("read" + name, conv(shape.channels, config.width)));
      downs_.push_back(register_module("down" + name, conv(config.width, config.width)));
    }
    discriminator_->add([this](const Tensor& images) { return read(images); })
        .add(std::make_shared<nn::Dense>(config.width * kFirst * kFirst, 1));
    nn::initialise(*this, nn::Init::he, generator);
    game_ = std::make_unique<models::Game>(
        *this, config, models::GameSetup{.discriminator = discriminator_, .sizes = shape.sizes(1)});
    std::vector<std::shared_ptr<torch::nn::Module>> makes = {generator_}, judges = {discriminator_};
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      makes.insert(makes.end(), {blocks_[i], painters_[i]});
      judges.insert(judges.end(), {readers_[i], downs_[i]});
    }
    add_player("discriminator", judges);
    add_player("generator", makes);
  }

  void begin_stage(const std::string& stage) override {
    const torch::NoGradGuard no_grad;
    level_.fill_(static_cast<std::int64_t>(level_of(stage)));
  }

  void step(const Batch& batch, StepContext& context) override {
    present_ = level_of(context.stage());
    // A new resolution takes over during the first half of its stage.
    const auto half = static_cast<double>(context.stage_steps()) / 2;
    share_ = std::min(1.0, static_cast<double>(context.stage_step() + 1) / half);
    const auto real = resized(batch.data, sides_[present_]);
    game_->step({.real = real,
                 .make =
                     [&] {
                       return make(context.normal({batch.size(), config_.latent}));
                     }},
                context);
  }

  Sampler* sampler() override { return this; }
  Tensor sample(const SampleRequest& request) override {
    present_ = static_cast<std::size_t>(level_.item<std::int64_t>());
    share_ = 1;
    const auto latents = torch::randn({request.count, config_.latent}, request.generator,
                                      torch::TensorOptions().device(request.generator.device()));
    return resized(make(latents), shape_.width).clamp(-1, 1);
  }

 private:
  std::size_t level_of(const std::string& stage) const {
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      if (stage == fmt::format("{0}x{0}", sides_[i])) return i;
    }
    return sides_.size() - 1;
  }

  // Each resolution adds its picture to that of the one before.
  Tensor make(const Tensor& latents) {
    auto x = generator_->forward(latents).view({-1, config_.width, kFirst, kFirst});
    Tensor image;
    for (std::size_t i = 0; i <= present_; ++i) {
      if (i > 0) x = doubled(x);
      x = torch::relu(blocks_[i]->forward(x));
      const auto more = painters_[i]->forward(x);
      image = image.defined() ? doubled(image) + (i == present_ ? share_ : 1) * more : more;
    }
    return image.tanh();
  }

  // Each resolution reads the picture for itself.
  Tensor read(Tensor image) const {
    auto x = share_ * torch::relu(readers_[present_]->forward(image));
    for (auto i = present_; i > 0; --i) {
      image = at::avg_pool2d(image, 2);
      x = at::avg_pool2d(torch::relu(downs_[i]->forward(x)), 2) +
          torch::relu(readers_[i - 1]->forward(image));
    }
    return torch::relu(downs_[0]->forward(x)).flatten(1);
  }

  const GrowingConfig config_;
  const DataShape shape_;
  const std::vector<std::int64_t> sides_;
  std::size_t present_ = 0;
  double share_ = 1;
  Tensor level_;
  std::shared_ptr<nn::Chain> generator_, discriminator_;
  std::vector<std::shared_ptr<nn::Conv>> blocks_, painters_, readers_, downs_;
  std::unique_ptr<models::Game> game_;
};

}  // namespace

ModelInfo growing_gan() {
  return describe<Growing, GrowingConfig>({
      .name = "growing-gan",
      .family = "gan",
      .summary = "grows from 4x4 pixels, a stage for each resolution",
      .paper = "Karras et al., Progressive Growing of GANs, ICLR 2018, in small",
      .capabilities = {Capability::sampler},
      .players = {{"discriminator", {.lr = 1e-3, .beta1 = 0.5}}, {"generator", {.lr = 1e-3, .beta1 = 0.5}}},
      .sides = [](const Recipe&) { return ImageSides{.square = true}; },
      .tiny = {"model.width=4"},
      .stages =
          [](const DataShape& shape, const ModelConfig&) {
            std::vector<std::string> names;
            for (const auto side : sides_of(shape)) names.push_back(fmt::format("{0}x{0}", side));
            return names;
          },
      .variants = {"model.r1=1"},
  });
}

}  // namespace belamy
