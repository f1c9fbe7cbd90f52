#include "models/shared/adversarial_model.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nn/batch_statistics.h"

namespace belamy::models {

AdversarialModel::AdversarialModel(const AdversarialConfig& config, const DataShape& shape,
                                   std::int64_t noise, Codes codes)
    : shape_(shape), config_(config), noise_(noise), codes_(std::move(codes)) {
  generator_ = register_module("generator", std::make_shared<nn::Chain>());
  discriminator_ = register_module("discriminator", std::make_shared<nn::Chain>());
}

DataShape AdversarialModel::packed_shape() const {
  auto packed = shape_;
  packed.channels *= config_.packing;
  packed.dimension *= config_.packing;
  return packed;
}

void AdversarialModel::finish_discriminator(std::int64_t features, std::int64_t outputs) {
  if (config_.minibatch_deviation) {
    discriminator_->add(nn::append_deviation);
    ++features;
  }
  if (const auto kernels = config_.minibatch_discrimination; kernels > 0) {
    discriminator_->add(
        std::make_shared<nn::MinibatchDiscrimination>(features, kernels, config_.minibatch_size));
    features += kernels;
  }
  discriminator_->add(std::make_shared<nn::Dense>(features, outputs, weighting_of(config_)));
}

void AdversarialModel::begin_game(at::Generator generator, std::size_t features_end) {
  if (config_.references() > 0) {
    reference_ = register_buffer("reference", draw_latent(config_.references(), generator));
  }
  game_ = std::make_unique<Game>(
      *this, config_,
      GameSetup{.discriminator = discriminator_,
                .sizes = shape_.sizes(1),
                .verdict = [this](const Tensor& outputs) { return verdict(outputs); },
                .features_end = features_end,
                .examples_meet = config_.minibatch_deviation || config_.minibatch_discrimination > 0,
                .generator = generator_->parameters()});
  add_player("discriminator", {discriminator_});
  add_player("generator", {generator_});
}

void AdversarialModel::step(const Batch& batch, StepContext& context) {
  game_->step(round(batch, context), context);
}

Game::Round AdversarialModel::round(const Batch& batch, StepContext& context) {
  return {.real = batch.data, .make = [this, n = batch.size(), &context] {
            return generate(draw_latent(n, context.generator()));
          }};
}

Tensor AdversarialModel::generate(const Tensor& latents) {
  if (!reference_.defined()) return generator_->forward(latents);
  return generator_->forward(at::cat({reference_, latents})).narrow(0, reference_.size(0), latents.size(0));
}

Tensor AdversarialModel::sample(const SampleRequest& request) {
  return generate(draw_latent(request.count, request.generator));
}

Tensor AdversarialModel::draw_latent(std::int64_t n, at::Generator generator) {
  const auto noise = draw_noise(n, generator);
  return codes_.size == 0 ? noise : at::cat({noise, codes_.draw(n, generator)}, 1);
}

Tensor AdversarialModel::draw_noise(std::int64_t n, at::Generator generator) const {
  const auto options = torch::TensorOptions().device(generator.device());
  const auto uniform = [&] { return torch::rand({n, noise_}, generator, options).mul_(2).sub_(1); };
  const double bound = is_training() ? 0 : config_.truncation;
  if (config_.prior == "normal") {
    if (bound == 0) return torch::randn({n, noise_}, generator, options);
    // The normal distribution between -bound and bound, by its quantile function: Brock et al. 2019.
    return uniform().mul_(std::erf(bound / std::numbers::sqrt2)).erfinv_().mul_(std::numbers::sqrt2);
  }
  return bound > 0 ? uniform().mul_(std::min(bound, 1.0)) : uniform();
}

Tensor AdversarialModel::score(const Tensor& data) {
  return -game_->judge(game_->packs_of_one(data));
}

}  // namespace belamy::models
