// The common part of GANs with a latent: two players, the game's step, and sampling from the prior. A model
// adds its networks.
#pragma once

#include <functional>
#include <memory>
#include <torch/types.h>

#include "belamy/model.h"

#include "models/shared/game.h"
#include "nn/layers.h"

namespace belamy::models {

/// Inputs of a generator beside its noise: classes, attributes, codes to be found in the data.
struct Codes {
  std::int64_t size = 0;
  /// Draws [n, size] for samples.
  std::function<Tensor(std::int64_t n, at::Generator generator)> draw = {};
};

/// The constructor of a model fills `generator_` ([N, Z] -> data) and `discriminator_` (data -> [N, 1], or
/// outputs that `verdict` turns into [N]), then calls `begin_game`. With packing m the discriminator gets
/// packed data [N / m, m * C, ...], whose shape is `packed_shape`.
class AdversarialModel : public Model, public Sampler, public Decoder, public Scorer {
 public:
  void step(const Batch& batch, StepContext& context) override;

  Sampler* sampler() override { return this; }
  Decoder* decoder() override { return this; }
  Scorer* scorer() override { return this; }
  Tensor sample(const SampleRequest& request) override;
  std::int64_t latent_size() const override { return noise_ + codes_.size; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override;
  Tensor decode(const Tensor& latents) override { return generate(latents); }
  std::string score_name() const override { return "minus the discriminator's output"; }
  bool is_log_odds() const override { return game_->is_probability(); }
  /// With packing, each pack holds copies of one datum.
  Tensor score(const Tensor& data) override;

 protected:
  /// A latent consists of `noise` values z from the prior, followed by the codes.
  AdversarialModel(const AdversarialConfig& config, const DataShape& shape, std::int64_t noise,
                   Codes codes = {});

  /// Draws the reference latents, sets up the game, and declares the players. `features_end`: how many steps
  /// of the discriminator compute its features; 0: all but the final layer.
  void begin_game(at::Generator generator, std::size_t features_end = 0);
  /// Appends the layers that see the whole batch, and the final layer, to a discriminator with `features`
  /// values for each datum.
  void finish_discriminator(std::int64_t features, std::int64_t outputs = 1);
  DataShape packed_shape() const;

  /// The data, conditions and samples of this step.
  virtual Game::Round round(const Batch& batch, StepContext& context);
  /// The discriminator's outputs -> one number t for each datum.
  virtual Tensor verdict(const Tensor& outputs) const { return outputs.squeeze(1); }

  Tensor generate(const Tensor& latents);
  /// Samples with these codes [N, size].
  Tensor generate_with(const Tensor& codes, at::Generator generator) {
    return generate(at::cat({draw_noise(codes.size(0), generator), codes}, 1));
  }
  Tensor draw_noise(std::int64_t n, at::Generator generator) const;
  Game& game() { return *game_; }

  const DataShape shape_;
  std::shared_ptr<nn::Chain> generator_, discriminator_;

 private:
  const AdversarialConfig config_;
  const std::int64_t noise_;
  const Codes codes_;
  std::unique_ptr<Game> game_;
  Tensor reference_;  // [R, Z], latents for reference and virtual batch norm
};

}  // namespace belamy::models
