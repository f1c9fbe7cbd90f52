// The adversarial game as a component: one discriminator against whatever makes the samples. Objective,
// regularisers and stabilisers are implemented once, here, for all models. A model may own several games.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/model.h"

#include "models/shared/augmentation.h"
#include "models/shared/game_settings.h"
#include "models/shared/opponents.h"
#include "models/shared/past_samples.h"
#include "nn/layers.h"
#include "objectives/adversarial.h"

namespace belamy::models {

/// The weighting of a discriminator's layers.
inline nn::Weighting weighting_of(const GameSettings& settings) {
  return settings.spectral_norm ? nn::Weighting::spectral : nn::Weighting::plain;
}

/// What a game needs to know of its model.
struct GameSetup {
  /// (data, condition [N, C]) -> outputs [N, ...].
  std::shared_ptr<nn::Chain> discriminator;
  /// The sizes of one datum that it sees: [1, ...].
  std::vector<std::int64_t> sizes;
  /// Outputs -> the verdict t, [N] or one for each patch. Empty: the outputs, [N, 1, ...], are the verdict.
  std::function<Tensor(const Tensor&)> verdict = {};
  /// How many steps of the discriminator compute its features; 0: all but the last.
  std::size_t features_end = 0;
  /// Whether the output for one datum depends on the rest of its batch, other than through norms.
  bool examples_meet = false;
  /// The generator's weights, for the settings that need both players.
  std::vector<Tensor> generator = {};

  /// The discriminator's player; its loss is recorded as "loss/NAME".
  std::string name = "discriminator";
  /// The generator's player in `step`; its objective is recorded as "loss/NAME".
  std::string generator_name = "generator";
  /// The mean verdicts on data and samples are recorded as "belief/NAME" or "critic/NAME".
  std::string real = "real", fake = "fake";
  /// Appended to the names of the buffers, for models with several games.
  std::string suffix = "";
};

class Game {
 public:
  /// Its buffers are registered with `owner`, the model.
  Game(torch::nn::Module& owner, const GameSettings& settings, GameSetup setup);

  /// The discriminator's outputs for what it saw in its update.
  struct Outputs {
    Tensor real, fake, further;
  };
  /// The data and samples of one step.
  struct Round {
    Tensor real;            ///< data as the discriminator sees them, detached
    Tensor condition = {};  ///< [N, C]: the condition of these data and of the samples
    /// Makes N samples for that condition, with gradients to the generator's weights. For `step`.
    std::function<Tensor()> make = {};
    Tensor further = {};            ///< more data for the discriminator's update
    Tensor further_condition = {};  ///< [N, C]: the condition of these data
    /// Further terms of the players' losses, computed from the discriminator's outputs: in its own update
    /// from those for all data and samples, in the generator's update from those for the samples, and from the
    /// samples themselves.
    std::function<Tensor(const Outputs&)> discriminator_terms = {};
    std::function<Tensor(const Tensor& fake, const Tensor& samples)> generator_terms = {};
  };

  /// Algorithm 1 of Goodfellow et al. 2014: updates the discriminator, and every critic_steps-th step
  /// the generator.
  void step(const Round& round, StepContext& context);

  // The halves of a step, for models whose generator has further losses.

  /// One update of the discriminator; `fake` is detached.
  void learn(const Round& round, const Tensor& fake, StepContext& context);
  /// The loss of that update, regularisers included.
  Tensor discriminator_loss(const Round& round, const Tensor& fake, StepContext& context);
  /// Clips the weights, as `learn` does after its update.
  void clip_weights();
  /// The loss of the generator of `fake`: objective and feature matching with their weights, a scalar. `real`
  /// is needed for feature matching only.
  Tensor generator_loss(const Tensor& fake, const Tensor& real, StepContext& context,
                        const Tensor& condition = {});

  // The parts of these losses.

  /// The data with augmentation and instance noise, as the discriminator sees them.
  Tensor blurred(const Tensor& data, StepContext& context) const;
  /// The discriminator's features, and its verdict t on features.
  Tensor features(const Tensor& seen, const Tensor& condition = {}) const;
  Tensor verdict_on(const Tensor& features, const Tensor& condition = {}) const;
  Tensor judge(const Tensor& seen, const Tensor& condition = {}) const {
    return verdict_of(discriminator_->forward(seen, condition));
  }
  const objectives::Adversarial& objective() const { return objective_; }
  bool is_probability() const { return objective_.is_probability(); }

  /// Joins m = `packing` data along their channels: [N, C, ...] -> [N / m, m C, ...].
  Tensor pack(const Tensor& data) const;
  /// Packs of m copies of one datum each: [N, C, ...] -> [N, m C, ...].
  Tensor packs_of_one(const Tensor& data) const;

 private:
  struct Seen {
    Tensor data, condition;
  };
  Tensor with_noise(const Tensor& data, StepContext& context) const;
  Tensor verdict_of(const Tensor& outputs) const;
  std::vector<Tensor> outputs_for(const std::vector<Seen>& batches) const;
  void update_generator(const Round& round, const Tensor& fresh, StepContext& context);
  Tensor objective_and_matching(const Tensor& fake, const Tensor& real, const Tensor& condition,
                                const std::function<Tensor(const Tensor&)>& further, StepContext& context);
  Tensor opposing_samples(const Round& round, const Tensor& fresh, StepContext& context);
  std::vector<Tensor> opposing_weights(const Tensor& real, const Tensor& fake, const Tensor& condition,
                                       StepContext& context);
  Tensor penalties(const Seen& real, const Tensor& fake, StepContext& context);
  Tensor consensus(const Round& round, StepContext& context);
  void record_verdicts(const Tensor& t_real, const Tensor& t_fake, StepContext& context) const;
  void remember(StepContext& context);
  bool penalty_is_due(StepContext& context) const { return context.every(settings_.penalty_every); }

  const GameSettings settings_;
  const GameSetup setup_;
  const objectives::Adversarial objective_;
  std::shared_ptr<nn::Chain> discriminator_;
  std::size_t features_end_;
  bool examples_meet_;
  std::vector<Tensor> weights_, generator_weights_;
  std::shared_ptr<Augmentation> augmentation_;
  std::shared_ptr<PastSamples> replay_;
  std::shared_ptr<PastWeights> past_generators_, past_discriminators_;
  std::shared_ptr<WeightHistory> generator_history_, discriminator_history_;
};

}  // namespace belamy::models
