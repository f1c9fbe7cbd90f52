// Semi-supervised variational autoencoder in two layers, M1+M2: Kingma, Rezende, Mohamed & Welling
// 2014 (arXiv:1406.5298).
//
//   M1 is a variational autoencoder of the data with the code z1. M2 (models/shared/semi_supervised.h) takes
//   z1 as its data: p(z1|y, z2) is a Gaussian with learned mean and variance.
//
// The stage "m1" trains M1 alone, the stage "m2" M2 alone, on draws of z1 from q(z1|x); "main" trains both at
// the same time. No gradient of M2 reaches M1.
//
// Departures: rectifiers where the paper has softplus (a setting); the weights of the labelled data's terms
// are settings, and so is that of M1's KL term; classes and codes come from the mean of q(z1|x).

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "models/shared/semi_supervised.h"

namespace belamy::models {
namespace {

struct StackedSemiVaeConfig : VariationalConfig {
  double beta = 1;
  SemiSupervisedConfig m2;

  StackedSemiVaeConfig() {
    hidden = {600, 600};
    code = 50;
    m2.decoder = "learned-gaussian";
    m2.hidden = {500};
    m2.code = 50;
  }
  void fields(Fields& f) override {
    VariationalConfig::fields(f);
    f.add("beta", beta, {0, 1000},
          "weight of M1's KL term; below 1 the codes keep more information about the classes");
    f.add("m2_hidden", m2.hidden, {1, 8192}, "widths of the hidden layers of M2's encoder and decoder");
    f.add("m2_code", m2.code, {1, 4096}, "length of M2's code z2");
    f.add("m2_sd", m2.sd, {1e-3, 10}, "least standard deviation of p(z1|y, z2)");
    f.add("classifier", m2.classifier, {1, 8192}, "widths of the hidden layers of q(y|z1)");
    f.add("labelled_weight", m2.labelled_weight, {0, 1e6},
          "weight of the labelled data's bound, relative to the unlabelled data's");
    f.add("label_weight", m2.label_weight, {0, 1e6}, "weight of the labelled data's cross-entropy");
  }
};

class StackedSemiVae final : public Model,
                             public Sampler,
                             public Encoder,
                             public Classifier,
                             public Reconstructor {
 public:
  StackedSemiVae(const DataShape& shape, const StackedSemiVaeConfig& config, at::Generator generator)
      : beta_(config.beta), observation_(config, shape) {
    auto m2 = config.m2;
    m2.activation = config.activation;
    m2_ = register_module("m2", std::make_shared<SemiSupervisedVae>(DataShape{.dimension = config.code},
                                                                    shape.classes, m2, generator));
    encoder_ = register_module("encoder", make_encoder(shape, config, 2 * config.code, generator));
    decoder_ = register_module("decoder", make_decoder(observation_.decoder_shape(), config, generator));
    add_player("m1", {encoder_, decoder_});
    add_player("m2", {m2_});
  }

  void step(const Batch& batch, StepContext& context) override {
    if (context.stage() != "m2") update_m1(batch.data, context);
    if (context.stage() != "m1") update_m2(batch, context);
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Classifier* classifier() override { return this; }
  Reconstructor* reconstructor() override { return this; }

  bool conditional() const override { return true; }
  Tensor sample(const SampleRequest& request) override {
    auto& vae = m2_->conditional();
    const auto z2 = draw_normal(request.count, vae.code_size(), request.generator);
    const auto raw = vae.decode(z2, vae.classes_of(request));
    return observation_.mean(decoder_->forward(vae.observation().draw(raw, request.generator)));
  }
  std::int64_t code_size() const override { return m2_->conditional().code_size(); }
  Tensor encode(const Tensor& data) override { return m2_->style(features(data).mean); }
  std::int64_t classes() const override { return m2_->conditional().classes(); }
  Tensor classify(const Tensor& data) override { return m2_->classify(features(data).mean); }
  Tensor reconstruct(const Tensor& data) override {  // by M1
    return observation_.mean(decoder_->forward(features(data).mean));
  }

 private:
  GaussianCode features(const Tensor& data) { return GaussianCode::of(encoder_->forward(data)); }

  void update_m1(const Tensor& data, StepContext& context) {
    const auto taken = observation_.taken(data, context.generator());
    const auto code = features(taken);
    const auto log_likelihood =
        observation_.log_likelihood(taken, decoder_->forward(code.draw(context.generator())));
    const auto kl = code.kl();
    context.update("m1", (beta_ * kl - log_likelihood).mean());
    context.record("loss/m1-negative-elbo", (kl - log_likelihood).mean());
  }

  void update_m2(const Batch& batch, StepContext& context) {
    const auto draw = [&](const Tensor& data) {
      const torch::NoGradGuard no_grad;
      return features(observation_.taken(data, context.generator())).draw(context.generator());
    };
    const auto& known = labelled_part(batch);
    const auto data = draw(batch.data), labelled = draw(known.data);
    context.update("m2", m2_->loss(data, labelled, known.labels, context));
  }

  double beta_;
  Observation observation_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
  std::shared_ptr<SemiSupervisedVae> m2_;
};

Fault check_stacked_semi_vae(const DataShape& shape, const Recipe& recipe) {
  if (auto labels = check_labels(shape)) return labels;
  return check_variational(shape, recipe);
}

}  // namespace

ModelInfo stacked_semi_vae() {
  return describe<StackedSemiVae, StackedSemiVaeConfig>({
      .name = "stacked-semi-vae",
      .family = "autoencoder",
      .summary = "semi-supervised variational autoencoder on the codes of another (M1+M2)",
      .paper = "Kingma et al., Semi-supervised Learning with Deep Generative Models, NIPS 2014",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::encoder,
                       Capability::reconstructor, Capability::classifier},
      .players = {{"m1", {.lr = 1e-3}}, {"m2", {.lr = 1e-3}}},
      .points = true,
      .sides = code_sides,
      .check = check_stacked_semi_vae,
      .tiny = {"model.hidden=[128]", "model.code=8", "model.m2_hidden=[32]", "model.m2_code=4",
               "model.classifier=[32]"},
      .stages = [](const DataShape&, const ModelConfig&) -> std::vector<std::string> {
        return {"m1", "m2"};
      },
      .variants = {"data.labelled=20", "model.beta=0.2", "model.decoder=learned-gaussian",
                   "model.binarise=stochastic"},
      .defaults = {"train.batch=100"},
  });
}

}  // namespace belamy::models
