#include "models/shared/game.h"

#include <fmt/format.h>

#include "belamy/error.h"

#include "core/text.h"
#include "nn/norm.h"
#include "nn/products.h"
#include "nn/substitution.h"
#include "objectives/penalties.h"
#include "objectives/unrolled.h"

namespace belamy::models {
namespace {

// Whether one pass over several batches would mix them.
bool layers_mix_examples(const nn::Chain& discriminator) {
  for (const auto& module : discriminator.modules()) {
    if (const auto* norm = module->as<nn::Norm>(); norm && norm->mixes_examples()) return true;
  }
  return false;
}

}  // namespace

Game::Game(torch::nn::Module& owner, const GameSettings& settings, GameSetup setup)
    : settings_(settings),
      setup_(std::move(setup)),
      objective_(settings.objective, {settings.label_real, settings.label_fake}),
      discriminator_(setup_.discriminator),
      weights_(discriminator_->parameters()),
      generator_weights_(setup_.generator) {
  const auto last = setup_.features_end > 0 ? setup_.features_end : discriminator_->size() - 1;
  features_end_ = settings_.feature_layer >= 0 ? static_cast<std::size_t>(settings_.feature_layer) + 1 : last;
  if (features_end_ >= discriminator_->size()) {
    throw usage_error(fmt::format("model.feature_layer={}: the discriminator has {} before its final layer",
                                  settings_.feature_layer, counted(discriminator_->size() - 1, "step")),
                      fmt::format("choose -1 or 0 to {}", discriminator_->size() - 2));
  }
  // A spectral weight moves its singular vector with every pass, so joining passes would change it.
  examples_meet_ = setup_.examples_meet || settings_.spectral_norm || layers_mix_examples(*discriminator_);
  if (settings_.augment != "none") {
    if (setup_.sizes.size() != 4)
      throw usage_error("model.augment changes images, but these data are points", "set model.augment=none");
    augmentation_ = owner.register_module(
        "augmentation" + setup_.suffix,
        std::make_shared<Augmentation>(settings_.augment_probability, settings_.augment_target,
                                       settings_.augment_images));
  }
  if (settings_.replay > 0) {
    auto sizes = setup_.sizes;
    sizes[0] = settings_.replay;
    replay_ = owner.register_module("replay" + setup_.suffix, std::make_shared<PastSamples>(sizes));
  }
  const auto past = [&](const char* name, const std::vector<Tensor>& weights) {
    return owner.register_module(
        name + setup_.suffix,
        std::make_shared<PastWeights>(settings_.past_players, settings_.past_every, weights));
  };
  if (settings_.past_players > 0) {
    past_generators_ = past("past_generators", generator_weights_);
    past_discriminators_ = past("past_discriminators", weights_);
  }
  const auto history = [&](const char* name, const std::vector<Tensor>& weights) {
    return owner.register_module(name + setup_.suffix, std::make_shared<WeightHistory>(weights));
  };
  if (settings_.historical_averaging > 0) {
    generator_history_ = history("generator_history", generator_weights_);
    discriminator_history_ = history("discriminator_history", weights_);
  }
}

void Game::step(const Round& round, StepContext& context) {
  remember(context);
  if ((context.step() + 1) % settings_.critic_steps != 0) {
    Tensor fresh;
    {
      const torch::NoGradGuard no_grad;
      fresh = round.make();
    }
    learn(round, fresh, context);
    return;
  }
  // One pass of the generator serves both players, since its weights move last.
  const auto fresh = round.make();
  learn(round, fresh.detach(), context);
  update_generator(round, fresh, context);
}

void Game::remember(StepContext& context) {
  const auto at = context.step();
  if (past_generators_) {
    past_generators_->remember(generator_weights_, at);
    past_discriminators_->remember(weights_, at);
  }
  if (generator_history_) {
    generator_history_->follow(generator_weights_, at);
    discriminator_history_->follow(weights_, at);
  }
}

void Game::learn(const Round& round, const Tensor& fake, StepContext& context) {
  context.update(setup_.name, discriminator_loss(round, fake, context));
  clip_weights();
}

void Game::clip_weights() {
  if (settings_.clip_weights == 0) return;
  const torch::NoGradGuard no_grad;
  for (auto& weight : weights_) weight.clamp_(-settings_.clip_weights, settings_.clip_weights);
}

Tensor Game::discriminator_loss(const Round& round, const Tensor& fresh, StepContext& context) {
  const Seen real = {pack(blurred(round.real, context)), round.condition};
  const Seen fake = {pack(blurred(opposing_samples(round, fresh, context), context)), round.condition};
  std::vector<Seen> batches = {real, fake};
  if (round.further.defined()) batches.push_back({round.further, round.further_condition});
  const auto outputs = outputs_for(batches);
  const auto t_real = verdict_of(outputs[0]), t_fake = verdict_of(outputs[1]);
  auto loss = objective_.discriminator(t_real, t_fake);
  context.record("loss/" + setup_.name, loss);
  record_verdicts(t_real, t_fake, context);
  if (settings_.augment == "adaptive") augmentation_->adapt(t_real, context);
  const auto add = [&](const Tensor& more) {
    if (more.defined()) loss = loss + more;
  };
  if (round.discriminator_terms) {
    add(round.discriminator_terms({outputs[0], outputs[1], outputs.size() > 2 ? outputs[2] : Tensor()}));
  }
  if (settings_.penalises_gradients() && penalty_is_due(context)) add(penalties(real, fake.data, context));
  if (settings_.consensus > 0 && penalty_is_due(context)) add(consensus(round, context));
  if (settings_.drift > 0) add(settings_.drift * t_real.square().mean());
  if (discriminator_history_) {
    add(settings_.historical_averaging * discriminator_history_->distance(weights_));
  }
  return loss;
}

void Game::record_verdicts(const Tensor& t_real, const Tensor& t_fake, StepContext& context) const {
  const bool belief = objective_.is_probability();
  const auto record = [&](const std::string& what, const Tensor& t) {
    context.record((belief ? "belief/" : "critic/") + what, (belief ? t.sigmoid() : t).mean());
  };
  record(setup_.real, t_real);
  record(setup_.fake, t_fake);
}

// Where the layers keep examples apart, one pass over all batches gives the same outputs as several, and is
// faster: its products have more rows, and no gradients of several passes need adding.
std::vector<Tensor> Game::outputs_for(const std::vector<Seen>& batches) const {
  if (settings_.joint_batch || (nn::fast_paths() && !examples_meet_)) {
    std::vector<std::int64_t> sizes;
    std::vector<Tensor> data, conditions;
    for (const auto& batch : batches) {
      sizes.push_back(batch.data.size(0));
      data.push_back(batch.data);
      if (batch.condition.defined()) conditions.push_back(batch.condition);
    }
    const auto condition = conditions.empty() ? Tensor() : at::cat(conditions);
    return discriminator_->forward(at::cat(data), condition).split_with_sizes(sizes);
  }
  std::vector<Tensor> outputs;
  for (const auto& batch : batches) {
    outputs.push_back(discriminator_->forward(batch.data, batch.condition));
  }
  return outputs;
}

Tensor Game::generator_loss(const Tensor& fake, const Tensor& real, StepContext& context,
                            const Tensor& condition) {
  return objective_and_matching(pack(blurred(fake, context)), real, condition, {}, context);
}

void Game::update_generator(const Round& round, const Tensor& fresh, StepContext& context) {
  const auto fake = pack(blurred(fresh, context));
  Tensor loss;
  {
    const auto weights = opposing_weights(round.real, fake, round.condition, context);
    const nn::Substitution opponent(weights.empty() ? std::vector<Tensor>{} : weights_, weights);
    std::function<Tensor(const Tensor&)> terms;
    if (round.generator_terms)
      terms = [&](const Tensor& outputs) { return round.generator_terms(outputs, fresh); };
    loss = objective_and_matching(fake, round.real, round.condition, terms, context);
  }
  // By the generator's own count of updates: context.every() may never be true at a step where it moves.
  const auto update = (context.step() + 1) / settings_.critic_steps - 1;
  if (settings_.consensus > 0 && update % settings_.penalty_every == 0) {
    loss = loss + consensus(round, context);
  }
  if (generator_history_) {
    loss = loss + settings_.historical_averaging * generator_history_->distance(generator_weights_);
  }
  context.update(setup_.generator_name, loss);
}

Tensor Game::objective_and_matching(const Tensor& fake, const Tensor& real, const Tensor& condition,
                                    const std::function<Tensor(const Tensor&)>& further,
                                    StepContext& context) {
  Tensor loss;
  const auto add = [&](double weight, const Tensor& more) {
    if (!more.defined()) return;
    loss = loss.defined() ? loss + weight * more : weight == 1 ? more : weight * more;
  };
  const auto found = features(fake, condition);
  if (settings_.adversarial_weight > 0 || further) {
    const auto outputs = discriminator_->forward(found, features_end_, discriminator_->size(), condition);
    if (settings_.adversarial_weight > 0) {
      auto objective = objective_.generator(verdict_of(outputs));
      // The unrolled discriminator depends on the generator, and so does its verdict on the data.
      if (settings_.unroll > 0) {
        objective =
            objective - objective_.discriminator_on_data(judge(pack(blurred(real, context)), condition));
      }
      context.record("loss/" + setup_.generator_name, objective);
      add(settings_.adversarial_weight, objective);
    }
    if (further) add(1, further(outputs));
  }
  if (settings_.feature_matching > 0) {
    Tensor wanted;
    {
      const torch::NoGradGuard no_grad;
      wanted = features(pack(blurred(real, context)), condition);
    }
    const auto matching = objectives::feature_matching(wanted, found);
    context.record("loss/feature-matching" + setup_.suffix, matching);
    add(settings_.feature_matching, matching);
  }
  return loss.defined() ? loss : torch::zeros({}, fake.options());
}

// The samples that the discriminator sees: fresh ones, those of a past generator, or a mix with past ones.
Tensor Game::opposing_samples(const Round& round, const Tensor& fresh, StepContext& context) {
  const torch::NoGradGuard no_grad;
  // Also where a past generator follows: the memory takes the samples of every step.
  const auto mixed = replay_ ? replay_->exchange(fresh, context.generator()) : fresh;
  if (past_generators_) {
    const auto past = past_generators_->draw(generator_weights_, context.step(), settings_.past_share, 1);
    if (!past.empty()) {
      const nn::Substitution opponent(generator_weights_, past);
      return round.make();
    }
  }
  return mixed;
}

// The weights of the discriminator that the generator plays against; empty: the current ones.
std::vector<Tensor> Game::opposing_weights(const Tensor& real, const Tensor& fake, const Tensor& condition,
                                           StepContext& context) {
  if (past_discriminators_) {
    auto past = past_discriminators_->draw(weights_, context.step(), settings_.past_share, 2);
    if (!past.empty()) return past;
  }
  if (settings_.unroll == 0) return {};
  const auto seen = pack(blurred(real, context));
  const auto loss = [&](const std::vector<Tensor>& weights) {
    const nn::Substitution unrolled(weights_, weights);
    return objective_.discriminator(judge(seen, condition), judge(fake, condition));
  };
  const auto& o = context.options(setup_.name);
  const auto state = context.optimizer_state(setup_.name);
  const bool adam = o.optimizer == "adam";
  return objectives::unroll(weights_, loss, settings_.unroll, {adam, state.rate, o.beta1, o.beta2, o.epsilon},
                            {state.first, adam ? state.second : std::vector<Tensor>{}, state.updates});
}

Tensor Game::penalties(const Seen& real, const Tensor& fake, StepContext& context) {
  // Penalties need one number for each datum: the mean of its verdicts.
  const objectives::Judge judge = [&](const Tensor& x) {
    const auto t = this->judge(x, real.condition);
    return t.dim() > 1 ? t.flatten(1).mean(1) : t;
  };
  const auto generator = context.generator();
  Tensor sum;
  const auto add = [&](const char* name, double weight, const Tensor& penalty) {
    context.record(name + setup_.suffix, penalty);
    const auto scaled = weight * static_cast<double>(settings_.penalty_every) * penalty;
    sum = sum.defined() ? sum + scaled : scaled;
  };
  const auto& data = real.data;
  if (const auto weight = settings_.gradient_penalty; weight > 0) {
    const bool one_sided = settings_.gradient_penalty_sides == "one";
    add("penalty/gradient", weight, objectives::gradient_penalty(judge, data, fake, one_sided, generator));
  }
  if (settings_.dragan > 0)
    add("penalty/dragan", settings_.dragan, objectives::dragan(judge, data, generator));
  if (settings_.r1 > 0) add("penalty/r1", settings_.r1, objectives::zero_centred(judge, data));
  if (settings_.r2 > 0) add("penalty/r2", settings_.r2, objectives::zero_centred(judge, fake));
  if (settings_.roth > 0) add("penalty/roth", settings_.roth, objectives::roth(judge, data, fake));
  return sum;
}

Tensor Game::consensus(const Round& round, StepContext& context) {
  const auto real = judge(pack(blurred(round.real, context)), round.condition);
  const auto fake = judge(pack(blurred(round.make(), context)), round.condition);
  const auto penalty = objectives::consensus(objective_.discriminator(real, fake), weights_,
                                             objective_.generator(fake), generator_weights_);
  context.record("penalty/consensus" + setup_.suffix, penalty);
  return settings_.consensus * static_cast<double>(settings_.penalty_every) * penalty;
}

Tensor Game::verdict_of(const Tensor& outputs) const {
  return setup_.verdict ? setup_.verdict(outputs) : outputs.squeeze(1);
}

Tensor Game::features(const Tensor& seen, const Tensor& condition) const {
  return discriminator_->forward(seen, 0, features_end_, condition);
}

Tensor Game::verdict_on(const Tensor& features, const Tensor& condition) const {
  return verdict_of(discriminator_->forward(features, features_end_, discriminator_->size(), condition));
}

Tensor Game::blurred(const Tensor& data, StepContext& context) const {
  if (augmentation_) {
    const auto changed = augmentation_->apply(data, context);
    return settings_.instance_noise == 0 ? changed : with_noise(changed, context);
  }
  return settings_.instance_noise == 0 ? data : with_noise(data, context);
}

Tensor Game::with_noise(const Tensor& data, StepContext& context) const {
  const double left =
      settings_.instance_noise_schedule == "constant"
          ? 1
          : 1 - static_cast<double>(context.step()) / static_cast<double>(context.total_steps());
  return data + settings_.instance_noise * left * context.normal(data.sizes());
}

Tensor Game::pack(const Tensor& data) const {
  const auto m = settings_.packing;
  if (m == 1) return data;
  auto sizes = data.sizes().vec();
  sizes[0] /= m;
  sizes[1] *= m;
  return data.contiguous().view(sizes);
}

Tensor Game::packs_of_one(const Tensor& data) const {
  return pack(settings_.packing == 1 ? data : data.repeat_interleave(settings_.packing, 0));
}

}  // namespace belamy::models
