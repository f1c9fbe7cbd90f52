// What all adversarial models share: the two players, the game with its tricks, sampling from the latent
// prior. A model adds networks.
#pragma once

#include <torch/types.h>

#include "belamy/model.h"

#include "models/shared/adversarial_config.h"
#include "models/shared/opponents.h"
#include "nn/layers.h"
#include "objectives/adversarial.h"
#include "objectives/penalties.h"

namespace belamy::models {

/// Algorithm 1 of Goodfellow et al. 2014: a step updates the discriminator, and every critic_steps-th the
/// generator. The constructor of a model fills `generator_` ([N, Z] -> data) and `discriminator_` (data ->
/// [N, 1], or what `logit` makes [N] of) and calls `begin_game`. Packed data [N / m, m * C, ...] is what the
/// discriminator gets with packing m; `packed_shape` tells its shape.
class AdversarialModel : public Model, public Sampler, public Decoder, public Scorer {
 public:
  void step(const Batch& batch, StepContext& context) override;

  Sampler* sampler() override { return this; }
  Decoder* decoder() override { return this; }
  Scorer* scorer() override { return this; }
  Tensor sample(const SampleRequest& request) override;
  std::int64_t latent_size() const override { return latent_; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override;
  Tensor decode(const Tensor& latents) override { return generate(latents); }
  std::string score_name() const override { return "minus the discriminator's output"; }
  bool is_log_odds() const override { return objective_.is_probability(); }
  /// One datum fills a whole pack.
  Tensor score(const Tensor& data) override;

 protected:
  AdversarialModel(const AdversarialConfig& config, const DataShape& shape, std::int64_t latent);

  /// Draws the reference latents, makes room for what is remembered, and declares the players.
  /// Features are by default what the final layer gets; `features_end` names an earlier end.
  void begin_game(at::Generator generator, std::size_t features_end = 0);
  /// Appends the layers that see the whole batch, and the final one, to a discriminator with `features`
  /// values a datum.
  void finish_discriminator(std::int64_t features, std::int64_t outputs = 1);
  nn::Weighting discriminator_weighting() const;
  DataShape packed_shape() const;

  /// The discriminator's output as one number t a datum.
  virtual Tensor logit(const Tensor& output) { return output.squeeze(1); }
  /// What the discriminator gets for data.
  virtual Tensor present_data(const Tensor& data, StepContext&) { return data; }
  /// More for the discriminator to see in its update, and what it descends for its outputs [N, ...] there.
  /// Undefined: nothing.
  virtual Tensor further_data(const Batch&) { return {}; }
  virtual Tensor further_loss(const Tensor&, const Batch&, StepContext&) { return {}; }

  Tensor generate(const Tensor& latents);
  Tensor judge(const Tensor& packed) { return logit(discriminator_->forward(packed)); }
  Tensor pack(const Tensor& data) const;
  /// Packs each of which holds one datum as often as it takes.
  Tensor packs_of_one(const Tensor& data) const;
  /// With instance noise.
  Tensor blurred(const Tensor& data, StepContext& context) const;
  const objectives::Adversarial& objective() const { return objective_; }

  const DataShape shape_;
  std::shared_ptr<nn::Chain> generator_, discriminator_;

 private:
  /// `shown`: the data as the discriminator sees it; `fresh`: this step's samples.
  void update_discriminator(const Batch& batch, const Tensor& shown, const Tensor& fresh,
                            StepContext& context);
  std::vector<Tensor> outputs_for(const std::vector<Tensor>& batches);
  void update_generator(const Tensor& shown, const Tensor& fresh, StepContext& context);
  Tensor generate_detached(std::int64_t n, StepContext& context);
  Tensor opposing_samples(const Tensor& fresh, StepContext& context);
  Tensor penalties(const Tensor& real, const Tensor& fake, StepContext& context);
  Tensor consensus(const Tensor& real, StepContext& context);
  bool penalty_is_due(StepContext& context) const { return context.every(game_.penalty_every); }
  std::vector<Tensor> opposing_weights(const Tensor& shown, const Tensor& fake, StepContext& context);

  const AdversarialConfig game_;
  const std::int64_t latent_;
  const objectives::Adversarial objective_;
  std::size_t feature_end_ = 0;  // steps of the discriminator up to the matched features
  bool examples_meet_ = false;   // in the discriminator: what it says of one depends on its batch
  Tensor reference_;             // [R, Z], latents of reference and virtual batch norm
  std::vector<Tensor> generator_weights_, discriminator_weights_;
  std::shared_ptr<ReplayBuffer> replay_;
  std::shared_ptr<PastWeights> past_generators_, past_discriminators_;
  std::shared_ptr<WeightHistory> generator_history_, discriminator_history_;
};

}  // namespace belamy::models
