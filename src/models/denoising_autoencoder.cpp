// Denoising autoencoder as a generative model: Bengio, Yao, Alain & Vincent 2013 (arXiv:1305.6663).
//
//   min  E -log P(x | x'),   x' ~ C(x' | x)         C: the corruption, P: the network's prediction of x
//   chain:  x' ~ C(x' | x),  x ~ P(x | x'),  again   if P is exact, its states are distributed as the data
//
// Walk-back training (section 3.2 of the paper) also starts from states that the chain reaches from x in a
// few steps, with x as the target. That removes spurious modes that would attract the chain.
//
// P is a Bernoulli for each pixel, or a Gaussian with one learned standard deviation. Sampling chains start
// from normal noise with the data's means and deviations.
//
// Departures: a fixed number of walk-back steps instead of a geometric one; for images a sample is the mean of
// the last P instead of a draw from it.

#include <cmath>
#include <torch/nn/module.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/code_networks.h"
#include "models/shared/code_terms.h"
#include "nn/draws.h"
#include "objectives/likelihood.h"

namespace belamy::models {
namespace {

struct DenoisingConfig : CodeConfig {
  std::string code_unit = "relu";
  std::string decoder = "bernoulli";
  Corruption corruption{.kind = "salt-and-pepper", .level = 0.4};
  std::int64_t walk_back = 0;
  std::int64_t chain_steps = 100;

  DenoisingConfig() { code = 400; }
  void fields(Fields& f) override {
    CodeConfig::fields(f);
    f.add("code_unit", code_unit, nn::activation_names(), "activation of the code's units");
    f.add("decoder", decoder, std::vector<std::string>{"bernoulli", "gaussian"},
          "distribution of a clean value given the noisy ones");
    corruption.fields(f);
    f.add("walk_back", walk_back, {0, 64},
          "walk-back steps: how far training follows the chain away from the data");
  }
  void use_fields(Fields& f) override {
    f.add("chain_steps", chain_steps, {1, 1'000'000}, "steps of the chain for a sample");
  }
};

// The learned standard deviation of a Gaussian P.
class Spread final : public torch::nn::Module {
 public:
  Spread() { log_ = register_parameter("log_deviation", torch::full({1}, std::log(0.3))); }
  Tensor log_deviation() const { return log_; }

 private:
  Tensor log_;
};

class DenoisingAutoencoder final : public Model, public Sampler, public Encoder, public Reconstructor {
 public:
  DenoisingAutoencoder(const DataShape& shape, const DenoisingConfig& config, at::Generator generator)
      : config_(config), shape_(shape) {
    encoder_ = register_module("encoder", make_encoder(shape, config, config.code, generator));
    encoder_->add(nn::activation(config.code_unit));
    decoder_ = register_module("decoder", make_decoder(shape, config, generator));
    std::vector<std::shared_ptr<torch::nn::Module>> modules = {encoder_, decoder_};
    if (config.decoder == "gaussian") {
      spread_ = register_module("spread", std::make_shared<Spread>());
      modules.push_back(spread_);
    }
    mean_ = register_buffer("mean", torch::zeros(shape.sizes(1)));
    deviation_ = register_buffer("deviation", torch::ones(shape.sizes(1)));
    add_player("denoiser", modules);
  }

  void step(const Batch& batch, StepContext& context) override {
    if (context.step() == 0) {
      mean_.copy_(batch.data.mean(0, true));
      deviation_.copy_((batch.data - mean_).square().mean(0, true).sqrt());
    }
    auto state = batch.data;
    Tensor loss;
    for (std::int64_t k = 0; k <= config_.walk_back; ++k) {
      const auto raw = denoise(state, context.generator());
      const auto term = -log_probability(batch.data, raw).mean();
      loss = k == 0 ? term : loss + term;
      if (k == 0) context.record("loss/reconstruction", term);
      if (k < config_.walk_back) state = draw(raw.detach(), context.generator());
    }
    if (config_.walk_back > 0) {
      loss = loss / static_cast<double>(config_.walk_back + 1);
      context.record("loss/walk-back", loss);
    }
    context.update("denoiser", loss);
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }

  Tensor sample(const SampleRequest& request) override {
    const auto& generator = request.generator;
    auto state = mean_ + deviation_ * torch::randn(shape_.sizes(request.count), generator, mean_.options());
    if (shape_.is_images()) state.clamp_(-1, 1);
    Tensor raw;
    for (std::int64_t t = 0; t < config_.chain_steps; ++t) {
      request.report(t, config_.chain_steps);
      raw = denoise(state, generator);
      state = draw(raw, generator);
    }
    return shape_.is_images() ? mean_of(raw) : state;
  }
  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override { return encoder_->forward(data); }
  Tensor reconstruct(const Tensor& data) override { return mean_of(decoder_->forward(encode(data))); }

 private:
  Tensor denoise(const Tensor& state, at::Generator generator) {
    const auto noisy = config_.corruption.apply(state, shape_.is_images() ? -1 : 0, 1, generator);
    return decoder_->forward(encode(noisy));
  }
  // For pixels in [0, 1], and for points as they are.
  Tensor values(const Tensor& data) const { return shape_.is_images() ? to_unit(data) : data; }
  Tensor log_probability(const Tensor& clean, const Tensor& raw) const {  // [N]
    const auto x = values(clean);
    if (!spread_) return objectives::bernoulli_log_likelihood(x, raw);
    const auto standardised = (x - raw) * (-spread_->log_deviation()).exp();
    const auto count = static_cast<double>(shape_.values());
    return objectives::gaussian_log_likelihood(standardised, torch::zeros_like(x), 1) -
           count * spread_->log_deviation();
  }
  Tensor mean_of(const Tensor& raw) const {
    if (!shape_.is_images()) return raw;
    return from_unit(spread_ ? raw.clamp(0, 1) : raw.sigmoid());
  }
  Tensor draw(const Tensor& raw, at::Generator generator) const {
    if (!spread_) return from_unit(nn::draw_from(raw.sigmoid(), generator));
    const auto noise = torch::randn(raw.sizes(), generator, raw.options());
    const auto drawn = raw + spread_->log_deviation().detach().exp() * noise;
    return shape_.is_images() ? from_unit(drawn) : drawn;
  }

  DenoisingConfig config_;
  DataShape shape_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
  std::shared_ptr<Spread> spread_;  // null: P is a Bernoulli
  Tensor mean_, deviation_;         // [1, ...], of the first batch: for the start of chains
};

Fault check_denoising_autoencoder(const DataShape& shape, const Recipe& recipe) {
  const auto& settings = config_of<DenoisingConfig>(recipe);
  if (settings.corruption.kind == "none") {
    return {"the chain needs noise", {"model.corruption=gaussian"}};
  }
  if (!shape.is_images() && settings.decoder == "bernoulli")
    return {"points are not probabilities", {"model.decoder=gaussian"}};
  if (auto wrong = settings.corruption.check(shape)) return wrong;
  return check_code_networks(shape, settings);
}

}  // namespace

ModelInfo denoising_autoencoder() {
  return describe<DenoisingAutoencoder, DenoisingConfig>({
      .name = "denoising-autoencoder",
      .family = "autoencoder",
      .summary = "denoising autoencoder that draws samples by a Markov chain: corrupt, denoise, repeat",
      .paper =
          "Bengio, Yao, Alain & Vincent, Generalized Denoising Auto-Encoders as Generative Models, NIPS 2013",
      .capabilities = {Capability::sampler, Capability::encoder, Capability::reconstructor},
      .players = {{"denoiser", {.lr = 1e-3}}},
      .points = true,
      .sides = code_sides,
      .check = check_denoising_autoencoder,
      .tiny = {"model.hidden=[128]", "model.code=64", "model.corruption_level=0.2", "use.chain_steps=5"},
      .variants = {"model.decoder=gaussian", "model.corruption=masking", "model.corruption=gaussian",
                   "model.walk_back=2"},
      .defaults = {"train.batch=100"},
  });
}

}  // namespace belamy::models
