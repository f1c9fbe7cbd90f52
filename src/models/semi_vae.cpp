// Semi-supervised variational autoencoder, M2: Kingma, Rezende, Mohamed & Welling 2014 (arXiv:1406.5298).
//
//   models/shared/semi_supervised.h states the objective; the unknown class is summed out exactly. Without
//   data.labelled, which limits the known labels, every batch counts both as labelled and as unlabelled.
//
// Departures: rectifiers where the paper has softplus (a setting); the weights of the labelled data's terms
// are settings of their own, where the paper has 1 and 0.1 N with sums in place of means.

#include <torch/types.h>

#include "models/shared/semi_supervised.h"

namespace belamy::models {
namespace {

class SemiVae final : public Model, public Sampler, public Encoder, public Classifier, public Density {
 public:
  SemiVae(const DataShape& shape, const SemiSupervisedConfig& config, at::Generator generator) {
    m2_ = register_module("m2", std::make_shared<SemiSupervisedVae>(shape, shape.classes, config, generator));
    add_player("m2", {m2_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto& known = labelled_part(batch);
    const auto& observation = vae().observation();
    const auto data = observation.taken(batch.data, context.generator());
    const auto labelled = observation.taken(known.data, context.generator());
    context.update("m2", m2_->loss(data, labelled, known.labels, context));
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Classifier* classifier() override { return this; }
  Density* density() override { return this; }

  bool conditional() const override { return true; }
  Tensor sample(const SampleRequest& request) override {
    const auto z = draw_normal(request.count, vae().code_size(), request.generator);
    return vae().observation().mean(vae().decode(z, vae().classes_of(request)));
  }
  std::int64_t code_size() const override { return m2_->conditional().code_size(); }
  Tensor encode(const Tensor& data) override { return m2_->style(data); }
  std::int64_t classes() const override { return m2_->conditional().classes(); }
  Tensor classify(const Tensor& data) override { return m2_->classify(data); }
  Kind kind() const override { return Kind::lower_bound; }
  std::int64_t levels() const override { return m2_->conditional().observation().levels(); }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    return m2_->bound(vae().observation().taken(data, generator), generator);
  }

 private:
  ConditionalVae& vae() { return m2_->conditional(); }

  std::shared_ptr<SemiSupervisedVae> m2_;
};

Fault check_semi_vae(const DataShape& shape, const Recipe& recipe) {
  if (auto labels = check_labels(shape)) return labels;
  return check_variational(shape, recipe);
}

}  // namespace

ModelInfo semi_vae() {
  return describe<SemiVae, SemiSupervisedConfig>({
      .name = "semi-vae",
      .family = "autoencoder",
      .summary = "semi-supervised variational autoencoder (M2): every datum has a class and a code",
      .paper = "Kingma et al., Semi-supervised Learning with Deep Generative Models, NIPS 2014",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::encoder,
                       Capability::classifier, Capability::density},
      .players = {{"m2", {.lr = 1e-3}}},
      .points = true,
      .sides = code_sides,
      .check = check_semi_vae,
      .tiny = {"model.hidden=[128]", "model.classifier=[64]", "model.code=8"},
      .variants = {"data.labelled=20", "model.decoder=gaussian", "model.decoder=learned-gaussian",
                   "model.binarise=stochastic"},
      .defaults = {"train.batch=100"},
  });
}

}  // namespace belamy::models
