// Restricted Boltzmann machine: Smolensky 1986; contrastive divergence: Hinton 2002; persistent chains:
// Tieleman 2008; centring: Melchior, Fischer & Wiskott 2016 (arXiv:1311.1354).
//
//   -d log p(v) / dW = -<v h>_data + <v h>_model,    biases alike
//   CD-k: the model's mean over chains of k Gibbs steps from the data; PCD: over chains that never restart
//
// The gradient is computed directly, without autograd. Binary visible units are drawn from grey pixels at
// every step; Gaussian ones are pixels in [0, 1] or points as they are, and their gradient leaves the factor
// 1/s^2 to the learning rate.
//
// Departures: the visible biases start at the first batch's log-odds; with centring the gradient is that of
// the centred machine, in the parameters of the plain one (same machine, same log p).

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"
#include "belamy/recipe.h"

#include "core/text.h"
#include "metrics/partition.h"
#include "models/shared/boltzmann_learning.h"
#include "models/shared/code_networks.h"
#include "nn/draws.h"

namespace belamy::models {
namespace {

constexpr std::uint64_t kAnnealSeed = 20010401;  // fixed: log Z depends on the weights alone

struct RbmConfig : ModelConfig, BoltzmannLearning {
  std::int64_t hidden = 500;
  std::string visible = "binary";
  double deviation = 0.3;
  std::int64_t use_steps = 500;
  std::string partition = "auto";
  std::int64_t anneal_chains = 100;
  std::int64_t anneal_temperatures = 14500;

  void fields(Fields& f) override {
    f.add("hidden", hidden, {1, 65536}, "number of hidden units");
    f.add("visible", visible, std::vector<std::string>{"binary", "gaussian"},
          "kind of visible units, which represent the data");
    f.add("deviation", deviation, {1e-3, 100}, "standard deviation of Gaussian visible units", "of the data");
    learning_fields(f);
    f.add("partition", partition, std::vector<std::string>{"auto", "annealed"},
          "how log Z is found; auto: exactly up to 20 hidden units, estimated above; annealed: estimated");
    f.add("anneal_chains", anneal_chains, {2, 100'000},
          "chains of the annealed importance sampling of log Z");
    f.add("anneal_temperatures", anneal_temperatures, {2, 10'000'000},
          "inverse temperatures of the annealed importance sampling");
  }
  void use_fields(Fields& f) override {
    f.add("gibbs_steps", use_steps, {1, 1'000'000}, "Gibbs steps for a sample");
  }
};

class Rbm final : public Model,
                  public Sampler,
                  public Encoder,
                  public Decoder,
                  public Reconstructor,
                  public Density,
                  public Scorer {
 public:
  Rbm(const DataShape& shape, const RbmConfig& config, at::Generator generator)
      : config_(config), shape_(shape), generator_(generator) {
    machine_ = register_module(
        "machine",
        std::make_shared<nn::BoltzmannMachine>(
            shape.values(), config.hidden, config.visible == "gaussian" ? config.deviation : 0, generator));
    learner_ = register_module("learner", std::make_shared<BoltzmannLearner>(*machine_, config, generator));
    add_player("rbm", {machine_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const torch::NoGradGuard no_grad;
    const auto v = visible_units(batch.data, context.generator());
    if (context.step() == 0) learner_->start(*machine_, v);
    learner_->step("rbm", *machine_, v, context);
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Density* density() override { return this; }
  Scorer* scorer() override { return this; }

  Tensor sample(const SampleRequest& request) override { return chain(request, 1)[0]; }
  Tensor chain(const SampleRequest& request, std::int64_t frames) override {
    const auto& generator = request.generator;
    auto v = learner_->chain_start(*machine_, request.count, generator);
    std::vector<Tensor> means;
    for (std::int64_t frame = 1, step = 0; frame <= frames; ++frame) {
      Tensor mean;
      for (const auto end = frame * config_.use_steps / frames; step < end || !mean.defined(); ++step) {
        request.report(step, config_.use_steps);
        const auto draw = machine_->draw_visible(machine_->draw_hidden(v, generator).sample, generator);
        v = draw.sample;
        mean = draw.mean;
      }
      means.push_back(data_of(mean));
    }
    return torch::stack(means);
  }

  std::int64_t code_size() const override { return config_.hidden; }
  Tensor encode(const Tensor& data) override { return machine_->hidden_means(flat(data)); }
  std::int64_t latent_size() const override { return config_.hidden; }
  Tensor draw_latent(std::int64_t, at::Generator) override { return {}; }
  Tensor decode(const Tensor& hidden) override { return data_of(machine_->visible_means(hidden)); }
  Tensor reconstruct(const Tensor& data) override { return decode(encode(data)); }

  Kind kind() const override { return enumerates() ? Kind::exact : Kind::estimate; }
  std::int64_t levels() const override { return machine_->gaussian() ? 0 : 2; }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    if (!learner_->started()) {
      throw usage_error("the machine has not been trained, so it has no likelihood to measure",
                        "train it for some steps first");
    }
    const auto v = visible_units(data, generator);
    return -machine_->free_energy(v) - log_partition();
  }
  std::string how() const override { return how_; }
  std::string score_name() const override { return "free energy (nats)"; }
  Tensor score(const Tensor& data) override { return machine_->free_energy(flat(data)); }

 private:
  bool enumerates() const { return config_.partition == "auto" && partition_is_countable(*machine_); }
  Tensor flat(const Tensor& data) const { return shape_.is_images() ? to_unit(data).flatten(1) : data; }
  Tensor visible_units(const Tensor& data, at::Generator generator) const {
    const auto values = flat(data);
    return machine_->gaussian() ? values : nn::draw_from(values, generator);
  }
  Tensor data_of(const Tensor& v) const {
    if (!shape_.is_images()) return v;
    return from_unit(v.clamp(0, 1)).view(shape_.sizes(v.size(0)));
  }

  // Cached until the weights change. A fingerprint detects that: the optimiser writes them unseen by torch.
  double log_partition() {
    const auto fingerprint =
        std::pair(machine_->weight.detach().to(torch::kDouble).square().sum().item<double>(),
                  machine_->hidden_bias.detach().to(torch::kDouble).sum().item<double>());
    if (fingerprint == measured_for_) return log_partition_;
    measured_for_ = fingerprint;
    if (enumerates()) {
      log_partition_ = exact_log_partition(*machine_);
      how_ = fmt::format("log Z = {:.3f}, enumerated", log_partition_);
      return log_partition_;
    }
    const auto estimate = annealed_log_partition(*machine_, learner_->data_means(),
                                                 {config_.anneal_chains, config_.anneal_temperatures},
                                                 nn::seeded_like(generator_, kAnnealSeed));
    log_partition_ = estimate.log_partition;
    how_ = fmt::format(
        "log Z = {:.2f} by annealed importance sampling, standard error {:.2g}, between {:.2f} and {:.2f} "
        "at 3 standard errors; {}, {}",
        log_partition_, estimate.standard_error, estimate.low, estimate.high,
        counted(config_.anneal_chains, "chain"), counted(config_.anneal_temperatures, "temperature"));
    return log_partition_;
  }

  RbmConfig config_;
  DataShape shape_;
  at::Generator generator_;
  std::shared_ptr<nn::BoltzmannMachine> machine_;
  std::shared_ptr<BoltzmannLearner> learner_;
  std::pair<double, double> measured_for_{-1, 0};
  double log_partition_ = 0;
  std::string how_;
};

Fault check_rbm(const DataShape& shape, const Recipe& recipe) {
  const auto& settings = config_of<RbmConfig>(recipe);
  if (!shape.is_images() && settings.visible == "binary")
    return {"points are not binary", {"model.visible=gaussian"}};
  if (settings.visible == "gaussian" && settings.centring != "none") {
    return {"centring needs binary units", {"model.centring=none"}};
  }
  return check_learning(settings, recipe);
}

}  // namespace

ModelInfo rbm() {
  return describe<Rbm, RbmConfig>({
      .name = "rbm",
      .family = "boltzmann",
      .summary =
          "restricted Boltzmann machine with binary or Gaussian visible units, by contrastive divergence",
      .paper = "Hinton, Training Products of Experts by Minimizing Contrastive Divergence, Neural "
               "Computation 2002",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder,
                       Capability::reconstructor, Capability::density, Capability::scorer},
      .players = {{"rbm", {.optimizer = "sgd", .lr = 0.05, .beta1 = 0.5}}},
      .points = true,
      .check = check_rbm,
      .tiny = {"model.hidden=32", "use.gibbs_steps=10", "model.anneal_chains=4",
               "model.anneal_temperatures=20", "optimizer.rbm.lr=0.2"},
      .variants = {"model.visible=gaussian", "model.gibbs_steps=3", "model.chain=persistent",
                   "model.centring=average", "model.sparsity_target=0.1", "model.weight_cost=0.001",
                   "model.hidden=8"},
      .defaults = {"train.batch=100", "train.sample_every=3000"},
  });
}

}  // namespace belamy::models
