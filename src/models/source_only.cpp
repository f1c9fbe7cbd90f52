// What a network trained on one domain is worth on another: the baseline of every domain adaptation.
//
//   min over F, C  E_A -log C(F(x))_y,   used on B as it is
//
// LeNet and training of Tzeng et al. 2017 (arXiv:1702.05464), section 5.1. B is never looked at.

#include <torch/torch.h>

#include "models/shared/adaptation.h"

namespace belamy::models {
namespace {

class SourceOnly final : public Model, public Classifier {
 public:
  SourceOnly(const DataShape& shape, const LenetConfig& config, at::Generator generator)
      : classes_(shape.classes) {
    network_ = register_module("network", std::make_shared<Lenet>(shape, config, generator));
    add_player("network", {network_});
  }

  void step(const Batch& batch, StepContext& context) override {
    context.update("network", labelled_loss(classify(batch.data), batch.labels, context));
  }

  Classifier* classifier() override { return this; }
  std::int64_t classes() const override { return classes_; }
  Tensor classify(const Tensor& data) override { return network_->name(network_->features(data)); }

 private:
  std::int64_t classes_;
  std::shared_ptr<Lenet> network_;
};

}  // namespace

ModelInfo source_only() {
  return describe<SourceOnly, LenetConfig>({
      .name = "source-only",
      .family = "adaptation",
      .summary = "a classifier learnt on the source domain alone: the baseline of domain adaptation",
      .paper = "Tzeng et al., Adversarial Discriminative Domain Adaptation, CVPR 2017",
      .capabilities = {Capability::classifier},
      .players = {{"network", {.lr = 1e-3}}},
      .domains = Domains::two,
      .check = check_adaptation,
      .tiny = {"model.conv1=4", "model.conv2=6", "model.features=32"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
