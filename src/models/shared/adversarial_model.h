// What the GANs of a latent share: two players whose step is the game's, sampling from the prior of the
// latent. A model adds networks.
#pragma once

#include <functional>
#include <memory>
#include <torch/types.h>

#include "belamy/model.h"

#include "models/shared/game.h"
#include "nn/layers.h"

namespace belamy::models {

/// What a generator gets beside its noise: classes, attributes, codes to be found in the data.
struct Codes {
  std::int64_t size = 0;
  std::function<Tensor(std::int64_t n, at::Generator generator)> draw =
      {};  ///< [n, size], as samples need them
};

/// The constructor of a model fills `generator_` ([N, Z] -> data) and `discriminator_` (data -> [N, 1], or
/// what `verdict` makes [N] of) and calls `begin_game`. Packed data [N / m, m * C, ...] is what the
/// discriminator gets with packing m; `packed_shape` tells its shape.
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
  /// One datum fills a whole pack.
  Tensor score(const Tensor& data) override;

 protected:
  /// A latent is `noise` values z of the prior, then the codes.
  AdversarialModel(const AdversarialConfig& config, const DataShape& shape, std::int64_t noise,
                   Codes codes = {});

  /// Draws the reference latents, sets the game up, and declares the players. Features are by default what
  /// the final layer gets; `features_end` names an earlier end.
  void begin_game(at::Generator generator, std::size_t features_end = 0);
  /// Appends the layers that see the whole batch, and the final one, to a discriminator with `features`
  /// values a datum.
  void finish_discriminator(std::int64_t features, std::int64_t outputs = 1);
  DataShape packed_shape() const;

  /// What this step's game is played with, its samples' latents included.
  virtual Game::Round round(const Batch& batch, StepContext& context);
  /// The discriminator's outputs as one number t a datum.
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
  Tensor reference_;  // [R, Z], latents of reference and virtual batch norm
};

}  // namespace belamy::models
