#include "models/shared/boltzmann_learning.h"

#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/recipe.h"

#include "nn/products.h"

namespace belamy::models {
namespace {

constexpr double kSlide = 0.01;        // share by which offsets move towards the current means
constexpr double kActivityKeep = 0.9;  // Hinton 2012, section 11
constexpr std::int64_t kMeanSteps = 10'000;

}  // namespace

void BoltzmannLearning::learning_fields(Fields& f) {
  f.add("chain", chain, std::vector<std::string>{"cd", "persistent"},
        "where the model's chains start: cd: at the data; persistent: where they ended in the step before");
  f.add("gibbs_steps", gibbs_steps, {1, 10'000},
        "Gibbs steps of a chain in each training step: the k of CD-k");
  f.add("particles", particles, {1, 65536}, "number of persistent chains");
  f.add("centring", centring, std::vector<std::string>{"none", "data", "average"},
        "offsets of the centred gradient; average: of the data's and the model's means");
  f.add("weight_cost", weight_cost, {0, 10}, "weight decay of the weights, without the biases");
  f.add("sparsity_target", sparsity_target, {0, 1}, "target mean of each hidden unit; 0: no target");
  f.add("sparsity_cost", sparsity_cost, {0, 100}, "strength of the pull towards the sparsity target");
}

Fault check_learning(const BoltzmannLearning& settings, const Recipe& recipe) {
  if (recipe.train.precision != "f32")
    return {"it computes its gradients in float32", {"train.precision=f32"}};
  if (settings.sparsity_target == 1)
    return {"a sparsity target of 1 would keep units always on", {"model.sparsity_target=0.1"}};
  return {};
}

BoltzmannLearner::BoltzmannLearner(const nn::BoltzmannMachine& machine, const BoltzmannLearning& settings,
                                   at::Generator generator)
    : settings_(settings) {
  const auto v = machine.visible(), h = machine.hidden();
  steps_ = register_buffer("steps", torch::zeros({}, torch::kLong));
  data_means_ = register_buffer("data_means", torch::full({v}, 0.5));
  if (settings.chain == "persistent") {
    particles_ = register_buffer(
        "particles", machine.gaussian()
                         ? torch::randn({settings.particles, v}, generator, generator.device())
                         : torch::bernoulli(torch::full({settings.particles, v}, 0.5), generator));
  }
  if (settings.centring != "none") {
    visible_offset_ = register_buffer("visible_offset", torch::zeros({v}));
    hidden_offset_ = register_buffer("hidden_offset", torch::full({h}, 0.5));
  }
  if (settings.sparsity_target > 0) {
    activity_ = register_buffer("activity", torch::full({h}, settings.sparsity_target));
  }
}

bool BoltzmannLearner::started() const {
  return steps_.item<std::int64_t>() > 0;
}

void BoltzmannLearner::start(nn::BoltzmannMachine& machine, const Tensor& v) {
  const torch::NoGradGuard no_grad;
  const auto mean = v.mean(0);
  data_means_.copy_(mean);
  machine.visible_bias.copy_(machine.gaussian() ? mean : torch::logit(mean.clamp(0.01, 0.99)));
  if (visible_offset_.defined()) visible_offset_.copy_(mean);
}

void BoltzmannLearner::step(const std::string& player, const nn::BoltzmannMachine& machine, const Tensor& v,
                            StepContext& context) {
  const torch::NoGradGuard no_grad;
  const auto generator = context.generator();
  const auto& s = settings_;
  const bool persistent = particles_.defined();

  // Data, and the chains after k steps.
  const auto positive = machine.draw_hidden(v, generator);
  auto hidden = persistent ? machine.draw_hidden(particles_, generator).sample : positive.sample;
  nn::UnitDraw visible;
  Tensor first_means;  // of the first reconstruction, for the log
  nn::UnitDraw negative;
  for (std::int64_t k = 0; k < s.gibbs_steps; ++k) {
    visible = machine.draw_visible(hidden, generator, k == 0 && !persistent);
    if (k == 0) first_means = visible.mean;
    if (k + 1 < s.gibbs_steps) hidden = machine.draw_hidden(visible.sample, generator).sample;
  }
  const auto negative_means = machine.hidden_means(visible.sample);
  if (persistent) particles_.copy_(visible.sample);

  // Uphill for the loss -log p: model minus data.
  const auto scale = [](const Tensor& x) { return 1.0 / static_cast<double>(x.size(0)); };
  const auto v_data = v.mean(0), v_model = visible.sample.mean(0);
  const auto h_data = positive.mean.mean(0), h_model = negative_means.mean(0);
  auto weight = nn::product(visible.sample, negative_means, true);
  nn::add_product(weight, scale(visible.sample), -scale(v), v, positive.mean, true);
  auto visible_bias = v_model - v_data, hidden_bias = h_model - h_data;
  if (visible_offset_.defined()) {
    weight.addr_(visible_offset_, hidden_bias, 1, -1).addr_(visible_bias, hidden_offset_, 1, -1);
    visible_bias.addmv_(weight, hidden_offset_, 1, -1);
    hidden_bias.addmv_(weight.t(), visible_offset_, 1, -1);
    const bool average = s.centring == "average";
    visible_offset_.lerp_(average ? (v_data + v_model) * 0.5 : v_data, kSlide);
    hidden_offset_.lerp_(average ? (h_data + h_model) * 0.5 : h_data, kSlide);
  }
  if (activity_.defined()) {
    activity_.lerp_(h_data, 1 - kActivityKeep);
    const auto pull = (activity_ - s.sparsity_target) * s.sparsity_cost;
    hidden_bias.add_(pull);
    weight.addr_(v_data, pull);
  }
  if (s.weight_cost > 0) weight.add_(machine.weight.detach(), s.weight_cost);
  context.apply(player, {weight, visible_bias, hidden_bias});

  steps_.add_(1);
  data_means_.lerp_(v_data, steps_.clamp_max(kMeanSteps).to(v_data.scalar_type()).reciprocal());
  if (!persistent) context.record("loss/reconstruction", (first_means - v).square_().sum(1).mean());
  context.record("activity/hidden", h_data.mean());
}

Tensor BoltzmannLearner::chain_start(const nn::BoltzmannMachine& machine, std::int64_t n,
                                     at::Generator generator) const {
  if (!machine.gaussian()) {
    return torch::bernoulli(data_means_.expand({n, machine.visible()}), generator);
  }
  return data_means_ +
         machine.deviation() * torch::randn({n, machine.visible()}, generator, data_means_.options());
}

}  // namespace belamy::models
