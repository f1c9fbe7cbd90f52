// Conditional variational autoencoder: the class is given to encoder and decoder. Kingma et al. 2014
// (arXiv:1406.5298), M2 with every label known; Sohn, Lee & Yan 2015.
//
//   max  E_q(z|x,y) log p(x|y, z) - KL(q(z|x, y) || N(0, 1))
//
// The bounds of all classes give the class by Bayes' rule, with p(y) = 1 / K: it classifies by the bounds at
// the code's mean. The log mean exp of the classes' bounds is a bound on log p(x).

#include "models/shared/conditional_vae.h"

#include <cmath>
#include <torch/types.h>

#include "models/shared/semi_supervised.h"

namespace belamy::models {
namespace {

class LabelledVae final : public Model, public Sampler, public Classifier, public Density {
 public:
  LabelledVae(const DataShape& shape, const VariationalConfig& config, at::Generator generator) {
    vae_ = register_module("vae", std::make_shared<ConditionalVae>(shape, shape.classes, config, generator));
    add_player("vae", {vae_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto data = vae_->observation().taken(batch.data, context.generator());
    const auto bound = vae_->bound(data, vae_->one_hot(batch.labels), context.generator());
    context.update("vae", -bound.total().mean());
    context.record("loss/negative-elbo", -bound.total().mean());
    context.record("loss/reconstruction", -bound.log_likelihood.mean());
    context.record("loss/kl", bound.kl.mean());
  }

  Sampler* sampler() override { return this; }
  Classifier* classifier() override { return this; }
  Density* density() override { return this; }

  bool conditional() const override { return true; }
  Tensor sample(const SampleRequest& request) override {
    const auto z = draw_normal(request.count, vae_->code_size(), request.generator);
    return vae_->observation().mean(vae_->decode(z, vae_->classes_of(request)));
  }
  std::int64_t classes() const override { return vae_->classes(); }
  Tensor classify(const Tensor& data) override { return vae_->bound_of_classes(data, {}); }
  Kind kind() const override { return Kind::lower_bound; }
  std::int64_t levels() const override { return vae_->observation().levels(); }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    const auto taken = vae_->observation().taken(data, generator);
    return vae_->bound_of_classes(taken, generator).logsumexp(1) -
           std::log(static_cast<double>(vae_->classes()));
  }

 private:
  std::shared_ptr<ConditionalVae> vae_;
};

Fault check_conditional_vae(const DataShape& shape, const Recipe& recipe) {
  if (recipe.data.labelled > 0) return {"it needs all labels; set data.labelled=0, or use semi-vae"};
  if (auto labels = check_labels(shape)) return labels;
  return check_variational(shape, recipe);
}

}  // namespace

ModelInfo conditional_vae() {
  return describe<LabelledVae, VariationalConfig>({
      .name = "conditional-vae",
      .family = "autoencoder",
      .summary = "variational autoencoder with the class as condition; draws samples of any class",
      .paper = "Sohn, Lee & Yan, Learning Structured Output Representation using Deep Conditional Generative "
               "Models, NIPS 2015",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::classifier,
                       Capability::density},
      .players = {{"vae", {.lr = 1e-3}}},
      .points = true,
      .sides = code_sides,
      .check = check_conditional_vae,
      .tiny = {"model.hidden=[128]", "model.code=8"},
      .variants = {"model.decoder=gaussian", "model.decoder=learned-gaussian", "model.binarise=stochastic"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
