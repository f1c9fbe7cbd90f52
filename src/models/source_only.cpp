// A network trained on the source domain alone: the baseline of domain adaptation.
//
//   min over F, C  E_A -log C(F(x))_y,   used on B without change
//
// LeNet and training of Tzeng et al. 2017 (arXiv:1702.05464), section 5.1. B is not used.

#include <torch/types.h>

#include "models/shared/adaptation.h"

namespace belamy::models {
namespace {

class SourceOnly final : public LenetModel {
 public:
  SourceOnly(const DataShape& shape, const LenetConfig& config, at::Generator generator)
      : LenetModel(shape, config, generator) {}

  void step(const Batch& batch, StepContext& context) override {
    context.update("network", labelled_loss(classify(batch.data), batch.labels, context));
  }
};

}  // namespace

ModelInfo source_only() {
  return describe<SourceOnly, LenetConfig>({
      .name = "source-only",
      .family = "adaptation",
      .summary = "a classifier trained on the source domain alone: the baseline of domain adaptation",
      .paper = "Tzeng et al., Adversarial Discriminative Domain Adaptation, CVPR 2017",
      .capabilities = {Capability::encoder, Capability::classifier},
      .players = {{"network", {.lr = 1e-3}}},
      .relation = Relation::domains,
      .sides = adaptation_sides,
      .check = check_adaptation,
      .tiny = {"model.conv1=4", "model.conv2=6", "model.features=32"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
