#include "models/shared/game_settings.h"

#include <fmt/format.h>

#include "nn/norm.h"
#include "objectives/adversarial.h"

namespace belamy::models {

using Names = std::vector<std::string>;

void GameSettings::objective_fields(Fields& f) {
  f.add("objective", objective, objectives::Adversarial::names(), "loss functions of the two players");
  f.add("label_real", label_real, {0, 1},
        "the discriminator's target for data; 0.9: one-sided label smoothing");
  f.add("label_fake", label_fake, {0, 1},
        "the discriminator's target for samples; above 0: two-sided label smoothing");
  f.add("adversarial_weight", adversarial_weight, {0, 1e6},
        "weight of the objective in the generator's loss");
}

void GameSettings::matching_fields(Fields& f) {
  f.add("feature_matching", feature_matching, {0, 1e6},
        "weight of feature matching in the generator's loss; with adversarial_weight=0 the only term");
  f.add("feature_layer", feature_layer, {-1, 1000},
        "discriminator step whose output is matched; -1: the last before its final layer");
}

void GameSettings::regulariser_fields(Fields& f) {
  f.add("clip_weights", clip_weights, {0, 100},
        "clip the discriminator's weights to [-c, c]; 0: off (WGAN: 0.01)");
  f.add("gradient_penalty", gradient_penalty, {0, 1e6},
        "weight of (|gradient| - 1)^2 between data and samples; 0: off (WGAN-GP: 10)");
  f.add("gradient_penalty_sides", gradient_penalty_sides, Names{"two", "one"},
        "two: penalise all norms other than 1; one: only those above 1");
  f.add("dragan", dragan, {0, 1e6}, "weight of (|gradient| - 1)^2 around the data; 0: off (DRAGAN: 10)");
  f.add("r1", r1, {0, 1e6}, "weight of |gradient|^2 / 2 on data; 0: off");
  f.add("r2", r2, {0, 1e6}, "weight of |gradient|^2 / 2 on samples; 0: off");
  f.add("roth", roth, {0, 1e6}, "weight of the regulariser of Roth et al.; 0: off");
  f.add("penalty_every", penalty_every, {1, 1'000'000},
        "apply the gradient penalties only every N-th step, multiplied by N");
  f.add(
      "drift", drift, {0, 1e6},
      "weight of the squared verdict on data, which keeps it near zero; 0: off (progressive growing: 0.001)");
  f.add("instance_noise", instance_noise, {0, 100},
        "standard deviation of the noise on the discriminator's input; 0: off");
  f.add("instance_noise_schedule", instance_noise_schedule, Names{"linear", "constant"},
        "linear: the instance noise falls to zero over the run");
  f.add("augment", augment, Names{"none", "fixed", "adaptive"},
        "change what the discriminator sees, data and samples alike: against overfitting of small data");
  f.add("augment_probability", augment_probability, {0, 1},
        "probability of each change; with augment=adaptive at the start");
  f.add("augment_target", augment_target, {-1, 1},
        "adaptive: mean sign of the discriminator's verdicts on data above which the probability rises");
  f.add("augment_images", augment_images, {1, 1e9},
        "adaptive: examples in which the probability can rise from 0 to 1");
  f.add("replay", replay, {0, 1'000'000},
        "number of past samples kept; half of the samples that the discriminator gets are past ones; 0: off");
}

void GameSettings::step_fields(Fields& f) {
  f.add("consensus", consensus, {0, 1e6},
        "weight of |v|^2 / 2, where v are the gradients of both players; 0: off");
  f.add(
      "critic_steps", critic_steps, {1, 100},
      "discriminator updates for each update of the generator; each is a step of the run, on its own batch");
  f.add("joint_batch", joint_batch,
        "put data and samples into one batch of the discriminator, where batch norm mixes them");
  f.add("historical_averaging", historical_averaging, {0, 1e6},
        "weight of the squared distance of each player's weights from their mean so far; 0: off");
  f.add("past_players", past_players, {0, 100},
        "number of past generators and discriminators kept as opponents; 0: off");
  f.add("past_every", past_every, {1, 1'000'000}, "steps between two past players that are kept");
  f.add("past_share", past_share, {0, 1}, "share of updates against a past player");
  f.add("packing", packing, {1, 16},
        "number of data or samples that the discriminator judges together (PacGAN)");
  f.add("unroll", unroll, {0, 32}, "discriminator steps that the generator looks ahead; 0: off");
}

void GameSettings::spectral_field(Fields& f) {
  f.add("spectral_norm", spectral_norm, "normalise the discriminator's weights to spectral norm 1");
}

bool GameSettings::penalises_gradients() const {
  return gradient_penalty > 0 || dragan > 0 || r1 > 0 || r2 > 0 || roth > 0 || consensus > 0;
}

void AdversarialConfig::fields(Fields& f) {
  latent_fields(f);
  game_fields(f);
  network_fields(f);
}

void AdversarialConfig::use_fields(Fields& f) {
  f.add("truncation", truncation, {0, 100},
        "greatest absolute value in z; smaller values give better, less varied samples; 0: off");
}

void AdversarialConfig::latent_fields(Fields& f) {
  f.add("latent", latent, {1, 4096}, "length of the latent vector z");
  f.add("prior", prior, Names{"normal", "uniform"}, "distribution of z: N(0, 1) or U(-1, 1)");
}

void AdversarialConfig::game_fields(Fields& f) {
  objective_fields(f);
  matching_fields(f);
  regulariser_fields(f);
  step_fields(f);
}

void AdversarialConfig::network_fields(Fields& f) {
  f.add("generator_norm", generator_norm, Names{"batch", "none", "layer", "instance", "reference", "virtual"},
        "normalisation in the generator");
  f.add("discriminator_norm", discriminator_norm, Names{"auto", "batch", "none", "layer", "instance"},
        "normalisation in the discriminator; auto: the usual one, none with gradient penalties or unrolling");
  f.add("reference_batch", reference_batch, {2, 4096},
        "latents in the reference batch of reference and virtual batch norm");
  spectral_field(f);
  f.add("minibatch_deviation", minibatch_deviation,
        "show the discriminator the standard deviation over its batch");
  f.add("minibatch_discrimination", minibatch_discrimination, {0, 1024},
        "kernels of minibatch discrimination; 0: off (Salimans et al.: 50 to 100)");
  f.add("minibatch_size", minibatch_size, {1, 256}, "dimensions of each kernel of minibatch discrimination");
}

std::string AdversarialConfig::norm_of_discriminator(const std::string& usual) const {
  if (discriminator_norm == "none") return "";
  if (discriminator_norm != "auto") return discriminator_norm;
  return penalises_gradients() || unroll > 0 ? "" : usual;
}

std::int64_t AdversarialConfig::references() const {
  return nn::Norm::needs_reference(generator_norm) ? reference_batch : 0;
}

Fault check_game(const GameSettings& c) {
  if ((c.label_real != 1 || c.label_fake != 0) && !objectives::Adversarial::takes_labels(c.objective)) {
    return {"the objective " + c.objective + " has no labels to smooth",
            {"model.label_real=1", "model.label_fake=0"}};
  }
  if (c.label_real <= c.label_fake) return {"label_real must be above label_fake", {"model.label_real=1"}};
  if (c.clip_weights > 0 && c.penalises_gradients()) {
    return {"clipping weights and a gradient penalty do the same job", {"model.clip_weights=0"}};
  }
  if (c.augment == "fixed" && c.augment_probability == 0) {
    return {"augment=fixed with probability 0 changes nothing", {"model.augment_probability=0.5"}};
  }
  if (c.augment == "adaptive" && !objectives::Adversarial(c.objective).is_probability()) {
    return {
        "adaptive augmentation needs verdicts whose sign means real or fake, unlike those of " + c.objective,
        {"model.augment=fixed", "model.augment_probability=0.5"}};
  }
  if (c.augment != "none" && c.consensus > 0) {
    return {"the consensus term needs second derivatives, which augmentation does not have",
            {"model.consensus=0"}};
  }
  if (c.clip_weights > 0 && c.spectral_norm) {
    return {"clipping would undo spectral norm", {"model.clip_weights=0"}};
  }
  return {};
}

Fault check_game(const Recipe& recipe) {
  const auto& c = config_of<AdversarialConfig>(recipe);
  if (auto wrong = check_game(static_cast<const GameSettings&>(c))) return wrong;
  if (c.adversarial_weight == 0 && c.feature_matching == 0) {
    return {"the generator's loss has no term", {"model.adversarial_weight=1"}};
  }
  if (c.penalises_gradients() && c.discriminator_norm == "batch") {
    return {"gradient penalties apply to single data, but batch norm mixes the data of a batch",
            {"model.discriminator_norm=layer"}};
  }
  for (const auto& stage : recipe.stages) {
    const auto batch = recipe.batch_in(stage);
    if (batch % c.packing == 0) continue;
    return {fmt::format("batches of {} cannot be packed by {}", batch, c.packing),
            {fmt::format("train.batch={}", (batch / c.packing + 1) * c.packing)}};
  }
  if (c.joint_batch && c.packing > 1) return {"joint batches cannot be packed", {"model.joint_batch=false"}};
  if (c.unroll > 0 && recipe.players.at("discriminator").optimizer == "rmsprop") {
    return {"unrolling supports Adam and SGD only", {"optimizer.discriminator.optimizer=adam"}};
  }
  return {};
}

std::vector<std::string> advise_game(const Recipe& recipe) {
  const auto& c = config_of<AdversarialConfig>(recipe);
  std::vector<std::string> advice;
  if (c.objective == "wasserstein" && c.clip_weights == 0 && c.gradient_penalty == 0 && !c.spectral_norm) {
    advice.push_back(
        "without a bound on the critic's slope the Wasserstein objective may grow without limit; set "
        "model.clip_weights=0.01, model.gradient_penalty=10 or model.spectral_norm=true");
  }
  if (c.label_fake > 0) {
    advice.push_back(
        "with label_fake above 0 the best discriminator is flat far from the data, and bad samples get no "
        "gradient; smooth one side only");
  }
  if (c.penalty_every > 1 && !c.penalises_gradients()) {
    advice.push_back("penalty_every is set, but no gradient penalty is on");
  }
  return advice;
}

std::vector<std::string> regulariser_variants(const std::vector<std::string>& more) {
  std::vector<std::string> all = {"model.r1=1", "model.gradient_penalty=10", "model.clip_weights=0.05",
                                  "model.instance_noise=0.1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<std::string> game_variants(const std::vector<std::string>& more) {
  std::vector<std::string> all = {"model.label_real=0.9",
                                  "model.label_fake=0.1",
                                  "model.feature_matching=1",
                                  "model.clip_weights=0.05",
                                  "model.gradient_penalty=10",
                                  "model.dragan=10",
                                  "model.r1=1",
                                  "model.r2=1",
                                  "model.roth=0.1",
                                  "model.drift=0.001",
                                  "model.consensus=0.1",
                                  "model.instance_noise=0.1",
                                  "model.critic_steps=3",
                                  "model.historical_averaging=0.01",
                                  "model.replay=40",
                                  "model.past_players=2",
                                  "model.packing=2",
                                  "model.unroll=2",
                                  "model.generator_norm=layer",
                                  "model.generator_norm=reference",
                                  "model.generator_norm=virtual",
                                  "model.discriminator_norm=layer",
                                  "model.spectral_norm=true",
                                  "model.minibatch_deviation=true",
                                  "model.minibatch_discrimination=4"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace belamy::models
