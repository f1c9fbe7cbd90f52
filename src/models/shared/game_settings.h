// The settings of the adversarial game, shared by all models that have one.
#pragma once

#include <string>
#include <vector>

#include "belamy/recipe.h"

namespace belamy::models {

/// A second base class of a model's config. Every trick is off by default, and one key switches it on.
struct GameSettings {
  std::string objective = "non-saturating";
  double label_real = 1, label_fake = 0;
  double adversarial_weight = 1;
  double feature_matching = 0;
  std::int64_t feature_layer = -1;

  double clip_weights = 0;
  double gradient_penalty = 0;
  std::string gradient_penalty_sides = "two";
  double dragan = 0, r1 = 0, r2 = 0, roth = 0, consensus = 0;
  std::int64_t penalty_every = 1;
  double drift = 0;
  double instance_noise = 0;
  std::string instance_noise_schedule = "linear";
  std::int64_t replay = 0;
  std::string augment = "none";
  double augment_probability = 0, augment_target = 0.6, augment_images = 200'000;
  bool spectral_norm = false;

  std::int64_t critic_steps = 1;
  bool joint_batch = false;
  double historical_averaging = 0;
  std::int64_t past_players = 0;
  std::int64_t past_every = 500;
  double past_share = 0.25;
  std::int64_t packing = 1;
  std::int64_t unroll = 0;

  /// The objective, its labels and its weight.
  void objective_fields(Fields& f);
  void matching_fields(Fields& f);
  /// Regularisers of the discriminator, for every game.
  void regulariser_fields(Fields& f);
  /// Settings that need both players and the whole step, for models whose step is Game::step.
  void step_fields(Fields& f);
  void spectral_field(Fields& f);

  /// Whether a gradient penalty is on.
  bool penalises_gradients() const;
};

/// The config of a model whose step is Game::step.
struct AdversarialConfig : ModelConfig, GameSettings {
  std::int64_t latent = 100;
  std::string prior = "normal";
  double truncation = 0;

  std::string generator_norm = "batch";
  std::string discriminator_norm = "auto";
  std::int64_t reference_batch = 64;
  bool minibatch_deviation = false;
  std::int64_t minibatch_discrimination = 0;
  std::int64_t minibatch_size = 5;

  void fields(Fields& f) override;
  void use_fields(Fields& f) override;
  /// The parts of `fields`, for models that leave out some.
  void latent_fields(Fields& f);
  void game_fields(Fields& f);
  void network_fields(Fields& f);

  /// The kind of norm in the discriminator; empty: none. "auto" means `usual`, or none with gradient
  /// penalties or unrolling.
  std::string norm_of_discriminator(const std::string& usual) const;
  /// The number of reference rows in front of each batch of the generator.
  std::int64_t references() const;
};

/// What is wrong with a game's settings; empty: nothing.
Fault check_game(const GameSettings& settings);
/// The same for a model whose config is an AdversarialConfig.
Fault check_game(const Recipe& recipe);
/// Warnings: ModelInfo::advise.
std::vector<std::string> advise_game(const Recipe& recipe);
/// For the conformance suite: a variant for each regulariser of every game, then `more`.
std::vector<std::string> regulariser_variants(const std::vector<std::string>& more = {});
/// The same for each trick of a model whose step is Game::step.
std::vector<std::string> game_variants(const std::vector<std::string>& more = {});

}  // namespace belamy::models
