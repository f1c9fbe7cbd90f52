#include "models/shared/adversarial_model.h"

namespace belamy::models {

void AdversarialConfig::fields(Fields& f) {
  f.add("latent", latent, {1, 4096}, "length of the latent vector z");
  f.add("prior", prior, std::vector<std::string>{"normal", "uniform"},
        "distribution of z: N(0, 1) or U(-1, 1)");
  f.add("objective", objective, objectives::Adversarial::names(), "what the players descend");
  f.add("critic_steps", critic_steps, {1, 100}, "discriminator updates for each generator update");
}

void AdversarialModel::step(const Batch& batch, StepContext& context) {
  const auto generator = context.generator();
  for (std::int64_t k = 0; k < game_.critic_steps; ++k) {
    const auto fake = generate(draw_latent(batch.size(), generator)).detach();
    const auto real_logits = judge(batch.data), fake_logits = judge(fake);
    const auto loss = objective_.discriminator(real_logits, fake_logits);
    context.update("discriminator", loss);
    context.record("loss/discriminator", loss);
    context.record("belief/real", real_logits.sigmoid().mean());
    context.record("belief/fake", fake_logits.sigmoid().mean());
  }
  const auto loss = objective_.generator(judge(generate(draw_latent(batch.size(), generator))));
  context.update("generator", loss);
  context.record("loss/generator", loss);
}

Tensor AdversarialModel::sample(std::int64_t n, at::Generator generator, const Tensor&) {
  return generate(draw_latent(n, generator));
}

Tensor AdversarialModel::draw_latent(std::int64_t n, at::Generator generator) {
  const auto options = torch::TensorOptions().device(generator.device());
  if (game_.prior == "normal") return torch::randn({n, game_.latent}, generator, options);
  return torch::rand({n, game_.latent}, generator, options).mul_(2).sub_(1);
}

}  // namespace belamy::models
