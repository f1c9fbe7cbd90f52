// Deep belief network: Hinton, Osindero & Teh 2006.
//
//   p(v, h_1, ..., h_n) = p(v | h_1) ... p(h_{n-2} | h_{n-1}) p(h_{n-1}, h_n),   the last factor an RBM
//
// Trained as a stack of RBMs, each on the codes of those below it, then tuned as a generator (wake-sleep) or
// as a classifier (back-propagation through a network that starts from the machines' weights and then has its
// own). The stage decides what learns:
//   layer-1 ... layer-n   that machine alone, by contrastive divergence on the means of the layer below
//   wake-sleep            machines and the network's upward weights: the paper's up-down algorithm, section 5
//   softmax               the classifier on top of the network alone
//   fine-tune             the whole network, from labels
//   main (no stages)      all machines at the same time, and the network from labels
// The network takes its weights from the machines before the first stage that does not train a single layer.
//
// Departures: labels are not units of the top machine, so the class comes from a softmax on the upward
// network; codes are passed on as means; a dream of wake-sleep starts with one Gibbs step of the top machine
// from the data, whatever model.gibbs_steps and model.chain are for that machine's own learning.

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/recipe.h"

#include "models/shared/boltzmann_learning.h"
#include "models/shared/code_networks.h"
#include "models/shared/labels.h"
#include "models/shared/stages.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/products.h"

namespace belamy::models {
namespace {

struct DbnConfig : ModelConfig, BoltzmannLearning {
  std::vector<std::int64_t> hidden = {500, 500, 2000};
  double dropout = 0;
  double input_dropout = 0;
  std::int64_t use_steps = 500;

  void fields(Fields& f) override {
    f.add("hidden", hidden, {1, 65536}, "hidden units of each machine, from the data up");
    learning_fields(f);
    f.add("dropout", dropout, {0, 0.95}, "share of units left out of each layer in fine-tune");
    f.add("input_dropout", input_dropout, {0, 0.95}, "share of input values left out in fine-tune");
  }
  void use_fields(Fields& f) override {
    f.add("gibbs_steps", use_steps, {1, 1'000'000}, "Gibbs steps of the top machine for a sample");
  }
};

using Machines = std::vector<std::shared_ptr<nn::BoltzmannMachine>>;

// The upward network, with its own weights.
class WayUp final : public torch::nn::Module {
 public:
  explicit WayUp(const Machines& machines) {
    for (std::size_t k = 0; k < machines.size(); ++k) {
      const auto name = std::to_string(k + 1);
      weights_.push_back(register_parameter("weight-" + name, machines[k]->weight.detach().clone()));
      biases_.push_back(register_parameter("bias-" + name, machines[k]->hidden_bias.detach().clone()));
    }
  }
  void take(const nn::BoltzmannMachine& machine, std::size_t layer) {
    const torch::NoGradGuard no_grad;
    weights_[layer].copy_(machine.weight);
    biases_[layer].copy_(machine.hidden_bias);
  }
  Tensor means(const Tensor& x, std::size_t layer) const {
    return at::addmm(biases_[layer], x, weights_[layer]).sigmoid();
  }
  Tensor climb(Tensor h) const {
    for (std::size_t layer = 0; layer < weights_.size(); ++layer) h = means(h, layer);
    return h;
  }
  Tensor draw(const Tensor& x, std::size_t layer, at::Generator generator) const {
    return nn::draw_units(nn::product(x, weights_[layer]), biases_[layer], generator, false).sample;
  }

 private:
  std::vector<Tensor> weights_, biases_;
};

class Dbn final : public Model, public Sampler, public Encoder, public Reconstructor, public Classifier {
 public:
  Dbn(const DataShape& shape, const DbnConfig& config, at::Generator generator)
      : config_(config), shape_(shape) {
    auto width = shape.values();
    for (const auto next : config.hidden) {
      const auto name = "-" + std::to_string(machines_.size() + 1);
      machines_.push_back(register_module(
          "layer" + name, std::make_shared<nn::BoltzmannMachine>(width, next, /*deviation=*/0, generator)));
      learners_.push_back(register_module(
          "learner" + name, std::make_shared<BoltzmannLearner>(*machines_.back(), config, generator)));
      add_player_of("layer", machines_.size(), {machines_.back()});
      width = next;
    }
    way_up_ = register_module("network", std::make_shared<WayUp>(machines_));
    softmax_ = register_module("softmax", std::make_shared<nn::Dense>(width, shape.classes));
    input_dropout_ =
        register_module("input_dropout", std::make_shared<nn::Dropout>(config.input_dropout, generator));
    dropout_ = register_module("dropout", std::make_shared<nn::Dropout>(config.dropout, generator));
    taken_ = register_buffer("taken", torch::zeros({}, torch::kBool));
    nn::initialise(*softmax_, nn::Init::glorot, generator);
    add_player("network", {way_up_});
    add_player("softmax", {softmax_});
  }

  void begin_stage(const std::string& stage) override {
    if (stage == "main" || layer_of(stage, machines_.size()) || taken()) return;
    for (std::size_t k = 0; k < machines_.size(); ++k) way_up_->take(*machines_[k], k);
    taken_.fill_(true);
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto& stage = context.stage();
    const auto& known = labelled_part(batch);
    if (const auto layer = layer_of(stage, machines_.size())) {
      learn_layer(batch, *layer, context);
    } else if (stage == "wake-sleep") {
      wake_and_sleep(batch, context);
    } else if (stage == "softmax") {
      context.update("softmax", naming(known, way_up_->climb(values(known.data)).detach(), context));
    } else {
      if (stage == "main") {
        for (std::size_t k = 0; k < machines_.size(); ++k) learn_layer(batch, k, context);
      }
      context.update_together({"network", "softmax"}, naming(known, climb_with_dropout(known.data), context));
    }
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Classifier* classifier() override { return this; }

  Tensor sample(const SampleRequest& request) override { return chain(request, 1)[0]; }
  Tensor chain(const SampleRequest& request, std::int64_t frames) override {
    const auto& generator = request.generator;
    const auto& top = *machines_.back();
    auto v = learners_.back()->chain_start(top, request.count, generator);
    std::vector<Tensor> seen;
    for (std::int64_t frame = 1, step = 0; frame <= frames; ++frame) {
      for (const auto end = frame * config_.use_steps / frames; step < end; ++step) {
        request.report(step, config_.use_steps);
        v = top.draw_visible(top.draw_hidden(v, generator).sample, generator, false).sample;
      }
      seen.push_back(data_of(descend(v, machines_.size() - 1, generator)));
    }
    return torch::stack(seen);
  }

  std::int64_t code_size() const override { return config_.hidden.back(); }
  // By the network, once it has its weights.
  Tensor encode(const Tensor& data) override {
    auto h = values(data);
    if (taken()) return way_up_->climb(h);
    for (const auto& machine : machines_) h = machine->hidden_means(h);
    return h;
  }
  Tensor reconstruct(const Tensor& data) override {
    auto h = encode(data);
    for (auto k = machines_.size(); k-- > 0;) h = machines_[k]->visible_means(h);
    return data_of(h);
  }
  std::int64_t classes() const override { return shape_.classes; }
  Tensor classify(const Tensor& data) override { return softmax_->forward(way_up_->climb(values(data))); }

 private:
  bool taken() const { return taken_.item<bool>(); }
  Tensor values(const Tensor& data) const { return to_unit(data).flatten(1); }
  Tensor data_of(const Tensor& v) const { return from_unit(v).view(shape_.sizes(v.size(0))); }

  Tensor climb_with_dropout(const Tensor& data) const {
    auto h = input_dropout_->forward(values(data));
    for (std::size_t k = 0; k < machines_.size(); ++k) h = dropout_->forward(way_up_->means(h, k));
    return h;
  }
  // From units below the top machine down to means of the data; the layers between are drawn.
  Tensor descend(Tensor h, std::size_t from, at::Generator generator) const {
    for (auto k = from; k-- > 0;) {
      h = k > 0 ? machines_[k]->draw_visible(h, generator, false).sample : machines_[k]->visible_means(h);
    }
    return h;
  }

  void learn_layer(const Batch& batch, std::size_t layer, StepContext& context) {
    const torch::NoGradGuard no_grad;
    auto v = values(batch.data);
    for (std::size_t k = 0; k < layer; ++k) v = machines_[k]->hidden_means(v);
    if (context.stage_step() == 0 && !learners_[layer]->started())
      learners_[layer]->start(*machines_[layer], v);
    learners_[layer]->step("layer-" + std::to_string(layer + 1), *machines_[layer], v, context);
  }

  // The network draws upwards, the machines draw downwards; each learns to invert the other.
  void wake_and_sleep(const Batch& batch, StepContext& context) {
    const torch::NoGradGuard no_grad;
    const auto generator = context.generator();
    const auto top = machines_.size() - 1;
    const double scale = 1.0 / static_cast<double>(batch.size());

    std::vector<Tensor> awake = {nn::draw_from(values(batch.data), generator)};  // units of each layer
    for (std::size_t k = 0; k < top; ++k) awake.push_back(way_up_->draw(awake[k], k, generator));
    std::vector<Tensor> asleep(machines_.size());
    asleep[top] =
        machines_[top]
            ->draw_visible(machines_[top]->draw_hidden(awake[top], generator).sample, generator, false)
            .sample;
    for (auto k = top; k-- > 0;) {
      asleep[k] = machines_[k]->draw_visible(asleep[k + 1], generator, false).sample;
    }

    Tensor reconstruction;
    std::vector<Tensor> upwards;
    for (std::size_t k = 0; k < top; ++k) {
      const auto missed = machines_[k]->visible_means(awake[k + 1]) - awake[k];
      if (k == 0) reconstruction = missed;
      const auto wrong = way_up_->means(asleep[k], k) - asleep[k + 1];
      upwards.push_back(nn::product(asleep[k], wrong, true) * scale);
      upwards.push_back(wrong.mean(0));
      context.apply("layer-" + std::to_string(k + 1),
                    {nn::product(missed, awake[k + 1], true) * scale, missed.mean(0), {}});
    }
    upwards.resize(2 * machines_.size());  // the top layer moves with the top machine
    if (top > 0) {
      context.apply("network", upwards);
      context.record("loss/reconstruction", reconstruction.square().sum(1).mean());
    }
    learners_[top]->step("layer-" + std::to_string(top + 1), *machines_[top], awake[top], context);
    way_up_->take(*machines_[top], top);
  }

  Tensor naming(const Examples& known, const Tensor& codes, StepContext& context) const {
    const auto logits = softmax_->forward(codes);
    const auto loss = at::cross_entropy_loss(logits, known.labels);
    context.record("loss/labelled", loss);
    context.record("error/labelled", (logits.argmax(1) != known.labels).to(torch::kFloat).mean());
    return loss;
  }

  DbnConfig config_;
  DataShape shape_;
  Machines machines_;
  std::vector<std::shared_ptr<BoltzmannLearner>> learners_;
  std::shared_ptr<WayUp> way_up_;
  std::shared_ptr<nn::Dense> softmax_;
  std::shared_ptr<nn::Dropout> input_dropout_, dropout_;
  Tensor taken_;  // bool: the network has its first weights
};

Fault check_dbn(const DataShape& shape, const Recipe& recipe) {
  const auto& settings = config_of<DbnConfig>(recipe);
  if (auto wrong = check_labels(shape)) return wrong;
  if (settings.hidden.empty()) return {"the network needs a layer", {"model.hidden=[500]"}};
  return check_learning(settings, recipe);
}

}  // namespace

ModelInfo dbn() {
  return describe<Dbn, DbnConfig>({
      .name = "dbn",
      .family = "boltzmann",
      .summary =
          "deep belief network: a stack of restricted Boltzmann machines, tuned by wake-sleep or with labels",
      .paper =
          "Hinton, Osindero & Teh, A Fast Learning Algorithm for Deep Belief Nets, Neural Computation 2006",
      .capabilities = {Capability::sampler, Capability::encoder, Capability::reconstructor,
                       Capability::classifier},
      .players = {{"layer", {.optimizer = "sgd", .lr = 0.1, .beta1 = 0.5}},
                  {"network", {.lr = 1e-3}},
                  {"softmax", {.lr = 1e-3}}},
      .check = check_dbn,
      .tiny = {"model.hidden=[64, 32]", "use.gibbs_steps=10", "optimizer.layer.lr=0.2"},
      .stages =
          [](const DataShape&, const ModelConfig& config) {
            const auto& hidden = static_cast<const DbnConfig&>(config).hidden;
            return layer_stages(hidden.size(), {"wake-sleep", "softmax", "fine-tune"});
          },
      .variants = {"model.dropout=0.5", "model.chain=persistent"},
      .defaults = {"train.batch=100", "train.sample_every=3000"},
  });
}

}  // namespace belamy::models
