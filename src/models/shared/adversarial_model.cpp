#include "models/shared/adversarial_model.h"

#include <fmt/format.h>

#include "belamy/error.h"

#include "nn/batch_statistics.h"
#include "nn/norm.h"
#include "nn/products.h"
#include "nn/substitution.h"
#include "objectives/unrolled.h"

namespace belamy::models {

AdversarialModel::AdversarialModel(const AdversarialConfig& config, const DataShape& shape,
                                   std::int64_t latent)
    : shape_(shape),
      game_(config),
      latent_(latent),
      objective_(config.objective, {config.label_real, config.label_fake}) {
  generator_ = register_module("generator", std::make_shared<nn::Chain>());
  discriminator_ = register_module("discriminator", std::make_shared<nn::Chain>());
}

nn::Weighting AdversarialModel::discriminator_weighting() const {
  return game_.spectral_norm ? nn::Weighting::spectral : nn::Weighting::plain;
}

DataShape AdversarialModel::packed_shape() const {
  auto packed = shape_;
  packed.channels *= game_.packing;
  packed.dimension *= game_.packing;
  return packed;
}

void AdversarialModel::finish_discriminator(std::int64_t features, std::int64_t outputs) {
  if (game_.minibatch_deviation) {
    discriminator_->add(nn::append_deviation);
    ++features;
  }
  if (const auto kernels = game_.minibatch_discrimination; kernels > 0) {
    discriminator_->add(
        std::make_shared<nn::MinibatchDiscrimination>(features, kernels, game_.minibatch_size));
    features += kernels;
  }
  discriminator_->add(std::make_shared<nn::Dense>(features, outputs, discriminator_weighting()));
}

void AdversarialModel::begin_game(at::Generator generator, std::size_t features_end) {
  const auto last = discriminator_->size() - 1;
  feature_end_ = game_.feature_layer >= 0 ? static_cast<std::size_t>(game_.feature_layer) + 1
                 : features_end > 0       ? features_end
                                          : last;
  if (feature_end_ > last) {
    throw usage_error(
        fmt::format("model.feature_layer={}: the discriminator has {} steps before its final layer",
                    game_.feature_layer, last),
        fmt::format("choose -1 or 0 to {}", last - 1));
  }
  if (game_.references() > 0) {
    reference_ = register_buffer("reference", draw_latent(game_.references(), generator));
  }
  // A spectral weight moves its singular vector with every pass.
  examples_meet_ = game_.spectral_norm || game_.minibatch_deviation || game_.minibatch_discrimination > 0;
  for (const auto& module : discriminator_->modules()) {
    if (const auto* norm = module->as<nn::Norm>()) examples_meet_ |= norm->mixes_examples();
  }
  generator_weights_ = generator_->parameters();
  discriminator_weights_ = discriminator_->parameters();
  if (game_.replay > 0)
    replay_ = register_module("replay", std::make_shared<ReplayBuffer>(shape_.sizes(game_.replay)));
  const auto past = [&](const char* name, const std::vector<Tensor>& weights) {
    return register_module(name,
                           std::make_shared<PastWeights>(game_.past_players, game_.past_every, weights));
  };
  if (game_.past_players > 0) {
    past_generators_ = past("past_generators", generator_weights_);
    past_discriminators_ = past("past_discriminators", discriminator_weights_);
  }
  if (game_.historical_averaging > 0) {
    generator_history_ =
        register_module("generator_history", std::make_shared<WeightHistory>(generator_weights_));
    discriminator_history_ =
        register_module("discriminator_history", std::make_shared<WeightHistory>(discriminator_weights_));
  }
  add_player("discriminator", {discriminator_});
  add_player("generator", {generator_});
}

void AdversarialModel::step(const Batch& batch, StepContext& context) {
  const auto at = context.step();
  if (past_generators_) {
    past_generators_->remember(generator_weights_, at);
    past_discriminators_->remember(discriminator_weights_, at);
  }
  if (generator_history_) {
    generator_history_->follow(generator_weights_, at);
    discriminator_history_->follow(discriminator_weights_, at);
  }
  const auto shown = present_data(batch.data, context).detach();
  if ((at + 1) % game_.critic_steps != 0) {
    update_discriminator(batch, shown, generate_detached(batch.size(), context), context);
    return;
  }
  // One pass of the generator serves both players: its weights move last.
  const auto fresh = generate(draw_latent(batch.size(), context.generator()));
  update_discriminator(batch, shown, fresh.detach(), context);
  update_generator(shown, fresh, context);
}

void AdversarialModel::update_discriminator(const Batch& batch, const Tensor& shown, const Tensor& fresh,
                                            StepContext& context) {
  const auto real = pack(blurred(shown, context));
  const auto fake = pack(blurred(opposing_samples(fresh, context), context));
  std::vector<Tensor> batches = {real, fake};
  const auto further = further_data(batch);
  if (further.defined()) batches.push_back(further);
  const auto outputs = outputs_for(batches);
  const auto t_real = logit(outputs[0]), t_fake = logit(outputs[1]);
  auto loss = objective_.discriminator(t_real, t_fake);
  context.record("loss/discriminator", loss);
  if (objective_.is_probability()) {
    context.record("belief/real", t_real.sigmoid().mean());
    context.record("belief/fake", t_fake.sigmoid().mean());
  } else {
    context.record("critic/real", t_real.mean());
    context.record("critic/fake", t_fake.mean());
  }
  const auto add = [&](const Tensor& more) {
    if (more.defined()) loss = loss + more;
  };
  if (further.defined()) add(further_loss(outputs[2], batch, context));
  if (game_.penalises_gradients() && penalty_is_due(context)) add(penalties(real, fake, context));
  if (game_.consensus > 0 && penalty_is_due(context)) add(consensus(shown, context));
  if (discriminator_history_) {
    add(game_.historical_averaging * discriminator_history_->distance(discriminator_weights_));
  }
  context.update("discriminator", loss);
  if (game_.clip_weights > 0) {
    const torch::NoGradGuard no_grad;
    for (auto& weight : discriminator_weights_) weight.clamp_(-game_.clip_weights, game_.clip_weights);
  }
}

// The discriminator's outputs for each of them. Where its layers keep examples apart, one pass over all is
// the same as several, with products of more rows and no gradients of several passes to add.
std::vector<Tensor> AdversarialModel::outputs_for(const std::vector<Tensor>& batches) {
  if (game_.joint_batch || (nn::fast_paths() && !examples_meet_)) {
    std::vector<std::int64_t> sizes;
    for (const auto& batch : batches) sizes.push_back(batch.size(0));
    return discriminator_->forward(at::cat(batches)).split_with_sizes(sizes);
  }
  std::vector<Tensor> outputs;
  for (const auto& batch : batches) outputs.push_back(discriminator_->forward(batch));
  return outputs;
}

void AdversarialModel::update_generator(const Tensor& shown, const Tensor& fresh, StepContext& context) {
  const auto fake = pack(blurred(fresh, context));
  Tensor loss;
  const auto add = [&](double weight, const Tensor& more) {
    loss = loss.defined() ? loss + weight * more : weight == 1 ? more : weight * more;
  };
  {
    const auto weights = opposing_weights(shown, fake, context);
    const nn::Substitution opponent(weights.empty() ? std::vector<Tensor>{} : discriminator_weights_,
                                    weights);
    const auto features = discriminator_->forward(fake, 0, feature_end_);
    if (game_.adversarial_weight > 0) {
      const auto t = logit(discriminator_->forward(features, feature_end_, discriminator_->size()));
      auto objective = objective_.generator(t);
      // Looking ahead, even the discriminator's verdict on the data depends on the generator.
      if (game_.unroll > 0) {
        objective = objective - objective_.discriminator_on_data(judge(pack(blurred(shown, context))));
      }
      context.record("loss/generator", objective);
      add(game_.adversarial_weight, objective);
    }
    if (game_.feature_matching > 0) {
      Tensor wanted;
      {
        const torch::NoGradGuard no_grad;
        wanted = discriminator_->forward(pack(blurred(shown, context)), 0, feature_end_);
      }
      const auto matching = objectives::feature_matching(wanted, features);
      context.record("loss/feature-matching", matching);
      add(game_.feature_matching, matching);
    }
  }
  // The generator's own count of updates: those of the discriminator need never meet it.
  const auto update = (context.step() + 1) / game_.critic_steps - 1;
  if (game_.consensus > 0 && update % game_.penalty_every == 0) add(1, consensus(shown, context));
  if (generator_history_) add(game_.historical_averaging, generator_history_->distance(generator_weights_));
  context.update("generator", loss);
}

// What the discriminator is shown as generated: the fresh samples, or those of a past generator, or a mix.
Tensor AdversarialModel::opposing_samples(const Tensor& fresh, StepContext& context) {
  const torch::NoGradGuard no_grad;
  // Mixed in any case: the buffer takes the samples of every step.
  const auto mixed = replay_ ? replay_->mix(fresh, context.step(), context.generator()) : fresh;
  if (past_generators_) {
    const auto past = past_generators_->draw(generator_weights_, context.step(), game_.past_share, 1);
    if (!past.empty()) {
      const nn::Substitution opponent(generator_weights_, past);
      return generate_detached(fresh.size(0), context);
    }
  }
  return mixed;
}

// The discriminator that the generator plays against, where it is not the present one.
std::vector<Tensor> AdversarialModel::opposing_weights(const Tensor& shown, const Tensor& fake,
                                                       StepContext& context) {
  if (past_discriminators_) {
    auto past = past_discriminators_->draw(discriminator_weights_, context.step(), game_.past_share, 2);
    if (!past.empty()) return past;
  }
  if (game_.unroll == 0) return {};
  const auto real = pack(blurred(shown, context));
  const auto loss = [&](const std::vector<Tensor>& weights) {
    const nn::Substitution unrolled(discriminator_weights_, weights);
    return objective_.discriminator(judge(real), judge(fake));
  };
  const auto& o = context.options("discriminator");
  const auto state = context.optimizer_state("discriminator");
  const bool adam = o.optimizer == "adam";
  return objectives::unroll(discriminator_weights_, loss, game_.unroll,
                            {adam, state.rate, o.beta1, o.beta2, o.epsilon},
                            {state.first, adam ? state.second : std::vector<Tensor>{}, state.updates});
}

Tensor AdversarialModel::penalties(const Tensor& real, const Tensor& fake, StepContext& context) {
  const objectives::Judge judge = [this](const Tensor& x) { return this->judge(x); };
  const auto generator = context.generator();
  Tensor sum;
  const auto add = [&](const char* name, double weight, const Tensor& penalty) {
    context.record(name, penalty);
    const auto scaled = weight * static_cast<double>(game_.penalty_every) * penalty;
    sum = sum.defined() ? sum + scaled : scaled;
  };
  if (const auto weight = game_.gradient_penalty; weight > 0) {
    const bool one_sided = game_.gradient_penalty_sides == "one";
    add("penalty/gradient", weight, objectives::gradient_penalty(judge, real, fake, one_sided, generator));
  }
  if (game_.dragan > 0) add("penalty/dragan", game_.dragan, objectives::dragan(judge, real, generator));
  if (game_.r1 > 0) add("penalty/r1", game_.r1, objectives::zero_centred(judge, real));
  if (game_.r2 > 0) add("penalty/r2", game_.r2, objectives::zero_centred(judge, fake));
  if (game_.roth > 0) add("penalty/roth", game_.roth, objectives::roth(judge, real, fake));
  return sum;
}

Tensor AdversarialModel::consensus(const Tensor& shown, StepContext& context) {
  const auto real = judge(pack(blurred(shown, context)));
  const auto fake = judge(pack(blurred(generate(draw_latent(shown.size(0), context.generator())), context)));
  const auto penalty = objectives::consensus(objective_.discriminator(real, fake), discriminator_weights_,
                                             objective_.generator(fake), generator_weights_);
  context.record("penalty/consensus", penalty);
  return game_.consensus * static_cast<double>(game_.penalty_every) * penalty;
}

Tensor AdversarialModel::generate(const Tensor& latents) {
  if (!reference_.defined()) return generator_->forward(latents);
  return generator_->forward(at::cat({reference_, latents})).narrow(0, reference_.size(0), latents.size(0));
}

Tensor AdversarialModel::generate_detached(std::int64_t n, StepContext& context) {
  const torch::NoGradGuard no_grad;
  return generate(draw_latent(n, context.generator()));
}

Tensor AdversarialModel::pack(const Tensor& data) const {
  const auto m = game_.packing;
  if (m == 1) return data;
  auto sizes = data.sizes().vec();
  sizes[0] /= m;
  sizes[1] *= m;
  return data.contiguous().view(sizes);
}

Tensor AdversarialModel::blurred(const Tensor& data, StepContext& context) const {
  if (game_.instance_noise == 0) return data;
  const double left =
      game_.instance_noise_schedule == "constant"
          ? 1
          : 1 - static_cast<double>(context.step()) / static_cast<double>(context.total_steps());
  return data + game_.instance_noise * left * context.normal(data.sizes());
}

Tensor AdversarialModel::sample(const SampleRequest& request) {
  return generate(draw_latent(request.count, request.generator));
}

Tensor AdversarialModel::draw_latent(std::int64_t n, at::Generator generator) {
  const auto options = torch::TensorOptions().device(generator.device());
  if (game_.prior == "normal") return torch::randn({n, latent_}, generator, options);
  return torch::rand({n, latent_}, generator, options).mul_(2).sub_(1);
}

Tensor AdversarialModel::packs_of_one(const Tensor& data) const {
  return pack(game_.packing == 1 ? data : data.repeat_interleave(game_.packing, 0));
}

Tensor AdversarialModel::score(const Tensor& data) {
  return -judge(packs_of_one(data));
}

}  // namespace belamy::models
