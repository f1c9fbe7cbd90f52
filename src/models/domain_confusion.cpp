// Domain confusion: Tzeng et al. 2015 (arXiv:1510.02192).
//
//   Features F, classifier C, domain discriminator D = sigmoid(t), updated in turn:
//
//     D     descends  -E_A log D(F(x)) - E_B log(1 - D(F(x)))
//     F, C  descend   E_A -log C(F(x))_y + weight * E -(log D(F(x)) + log(1 - D(F(x)))) / 2,
//
//   The last mean is over both domains: the cross-entropy against equal probabilities.
//
// Departures: no soft labels, since no target datum has a label here; networks and optimiser of Tzeng et
// al. 2017.

#include <torch/types.h>

#include "models/shared/adaptation.h"
#include "objectives/confusion.h"

namespace belamy::models {
namespace {

struct ConfusionConfig : AdversaryConfig {
  double weight = 0.01;

  void fields(Fields& f) override {
    AdversaryConfig::fields(f);
    f.add("weight", weight, {0, 1000}, "weight of the confusion loss, relative to the labels' cross-entropy");
  }
};

class DomainConfusion final : public JudgedLenet {
 public:
  DomainConfusion(const DataShape& shape, const ConfusionConfig& config, at::Generator generator)
      : JudgedLenet(shape, config, generator), config_(config) {}

  void step(const Batch& batch, StepContext& context) override {
    const auto of_a = network_->features(batch.data), of_b = network_->features(batch.partner.data);
    const auto domain =
        objective_.discriminator(adversary_->forward(of_a.detach()), adversary_->forward(of_b.detach()));
    context.update("adversary", domain);
    const auto confusion = objectives::confusion(adversary_->forward(torch::cat({of_a, of_b})));
    const auto labelled = labelled_loss(network_->name(of_a), batch.labels, context);
    context.update("network", labelled + config_.weight * confusion);
    context.record("loss/adversary", domain);
    context.record("loss/confusion", confusion);
  }

 private:
  ConfusionConfig config_;
};

}  // namespace

ModelInfo domain_confusion() {
  return describe<DomainConfusion, ConfusionConfig>({
      .name = "domain-confusion",
      .family = "adaptation",
      .summary = "features that predict classes, but the domain no better than chance",
      .paper = "Tzeng et al., Simultaneous Deep Transfer Across Domains and Tasks, ICCV 2015",
      .capabilities = {Capability::encoder, Capability::classifier},
      .players = {{"network", {.lr = 2e-4, .beta1 = 0.5}}, {"adversary", {.lr = 2e-4, .beta1 = 0.5}}},
      .relation = Relation::domains,
      .sides = adaptation_sides,
      .check = check_adaptation,
      .tiny = {"model.conv1=4", "model.conv2=6", "model.features=32", "model.adversary=[16]"},
      .variants = {"model.weight=1"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
