// Domain-adversarial training of neural networks: Ganin et al. 2016 (arXiv:1505.07818).
//
//   Features F, classifier C, domain discriminator D = sigmoid(t), which gets F through a layer R that
//   reverses gradients:
//
//     min over F, C, D   E_A -log C(F(x))_y - E_A log D(R(F(x))) - E_B log(1 - D(R(F(x))))
//
//   D descends its loss; F ascends it, multiplied by `strength` (2 / (1 + exp(-gamma p)) - 1), with p the
//   share of the training that is done.
//
// Departures: LeNet and a discriminator of 500-500, for comparison with adda; the learning rate of SGD falls
// linearly to zero.

#include <torch/types.h>

#include "models/shared/adaptation.h"
#include "nn/gradient_reversal.h"

namespace belamy::models {
namespace {

struct DannConfig : AdversaryConfig {
  double strength = 1;
  double gamma = 10;

  void fields(Fields& f) override {
    AdversaryConfig::fields(f);
    f.add("strength", strength, {0, 1000}, "strength of the reversed gradient at the end");
    f.add("gamma", gamma, {0.001, 1000}, "how fast the strength grows to its full value");
  }
};

class Dann final : public JudgedLenet {
 public:
  Dann(const DataShape& shape, const DannConfig& config, at::Generator generator)
      : JudgedLenet(shape, config, generator), config_(config) {}

  void step(const Batch& batch, StepContext& context) override {
    const double progress = static_cast<double>(context.step()) / static_cast<double>(context.total_steps());
    const double strength = config_.strength * nn::reversal_strength(progress, config_.gamma);
    const auto judge = [&](const Tensor& features) {
      return adversary_->forward(nn::reverse_gradient(features, strength));
    };
    const auto of_a = network_->features(batch.data), of_b = network_->features(batch.partner.data);
    const auto domain = objective_.discriminator(judge(of_a), judge(of_b));
    const auto labelled = labelled_loss(network_->name(of_a), batch.labels, context);
    context.record("loss/adversary", domain);
    context.update_together({"network", "adversary"}, labelled + domain);
  }

 private:
  DannConfig config_;
};

}  // namespace

ModelInfo dann() {
  return describe<Dann, DannConfig>({
      .name = "dann",
      .family = "adaptation",
      .summary = "domain-adversarial network: features that predict classes and, through a layer that "
                 "reverses gradients, hide their domain",
      .paper = "Ganin et al., Domain-Adversarial Training of Neural Networks, JMLR 2016",
      .capabilities = {Capability::encoder, Capability::classifier},
      .players = {{"network", {.optimizer = "sgd", .lr = 0.01, .beta1 = 0.9, .schedule = "linear"}},
                  {"adversary", {.optimizer = "sgd", .lr = 0.01, .beta1 = 0.9, .schedule = "linear"}}},
      .relation = Relation::domains,
      .sides = adaptation_sides,
      .check = check_adaptation,
      .tiny = {"model.conv1=4", "model.conv2=6", "model.features=32", "model.adversary=[16]"},
      .variants = {"model.strength=0", "model.gamma=100"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
