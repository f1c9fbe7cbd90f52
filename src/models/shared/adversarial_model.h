// What all adversarial models share: the two players, the game, sampling from the latent prior. A model adds
// networks.
#pragma once

#include <torch/torch.h>

#include "belamy/model.h"

#include "objectives/adversarial.h"

namespace belamy::models {

/// The settings of the game; a model's own config derives from it.
struct AdversarialConfig : ModelConfig {
  std::int64_t latent = 100;
  std::string prior = "normal";
  std::string objective = "non-saturating";
  std::int64_t critic_steps = 1;

  void fields(Fields& f) override;
};

/// Algorithm 1 of Goodfellow et al. 2014 between `generate` and `judge`.
class AdversarialModel : public Model, public Sampler, public Decoder {
 public:
  explicit AdversarialModel(const AdversarialConfig& config) : game_(config), objective_(config.objective) {}

  void step(const Batch& batch, StepContext& context) override;

  Sampler* sampler() override { return this; }
  Decoder* decoder() override { return this; }
  Tensor sample(std::int64_t n, at::Generator generator, const Tensor& labels) override;
  std::int64_t latent_size() const override { return game_.latent; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override;
  Tensor decode(const Tensor& latents) override { return generate(latents); }

 protected:
  /// [N, Z] -> data.
  virtual Tensor generate(const Tensor& latents) = 0;
  /// Data -> logits [N].
  virtual Tensor judge(const Tensor& data) = 0;

 private:
  AdversarialConfig game_;
  objectives::Adversarial objective_;
};

}  // namespace belamy::models
