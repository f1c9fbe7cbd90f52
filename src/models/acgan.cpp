// GAN with an auxiliary classifier: Odena, Olah & Shlens 2017 (arXiv:1610.09585).
//
//   D has two outputs, a verdict S and a class C; G gets the class c beside z.
//
//     L_S = E log P(S = data | x) + E log P(S = sample | G(z, c))
//     L_C = E log P(C = c | x) + E log P(C = c | G(z, c))
//     D ascends L_S + class_weight L_C,  G ascends class_weight L_C - L_S
//
//   With classify_samples=false D learns classes from data alone, so that poor samples early in training
//   cannot mislead it.
//
// Departures: the networks of DCGAN; the objective decides G's loss in place of L_S, by default the
// non-saturating one; the samples of a step have the classes of its batch.

#include <torch/types.h>

#include "models/shared/conditions.h"
#include "models/shared/convolutional_gan.h"
#include "models/shared/labels.h"

namespace belamy::models {
namespace {

struct AcganConfig : ConvolutionalConfig {
  double class_weight = 1;
  bool classify_samples = true;

  void fields(Fields& f) override {
    ConvolutionalConfig::fields(f);
    f.add("class_weight", class_weight, {0, 1000},
          "weight of the classes' cross-entropy in the losses of both players");
    f.add("classify_samples", classify_samples, "let the discriminator learn classes from samples too");
  }
};

class Acgan final : public ConvolutionalGan, public Classifier {
 public:
  Acgan(const DataShape& shape, const AcganConfig& config, at::Generator generator)
      : ConvolutionalGan(shape, config, generator, parts(shape)),
        class_weight_(config.class_weight),
        classify_samples_(config.classify_samples),
        conditions_(shape, /*with_attributes=*/false) {}

  bool conditional() const override { return true; }
  Tensor sample(const SampleRequest& request) override {
    return generate_with(conditions_.asked(request), request.generator);
  }
  Classifier* classifier() override { return this; }
  std::int64_t classes() const override { return conditions_.classes(); }
  Tensor classify(const Tensor& data) override { return classes_in(discriminator_->forward(data)); }

 protected:
  Tensor verdict(const Tensor& outputs) const override { return outputs.select(1, 0); }

  Game::Round round(const Batch& batch, StepContext& context) override {
    const auto condition = conditions_.of(batch);
    const auto& labels = batch.labels;
    return {.real = batch.data,
            .make = [this, condition, &context] { return generate_with(condition, context.generator()); },
            .discriminator_terms =
                [this, &labels, &context](const Game::Outputs& outputs) {
                  auto loss = labelled_loss(classes_in(outputs.real), labels, context);
                  if (classify_samples_) {
                    loss = loss + at::cross_entropy_loss(classes_in(outputs.fake), labels);
                  }
                  return class_weight_ * loss;
                },
            .generator_terms =
                [this, &labels, &context](const Tensor& outputs, const Tensor&) {
                  const auto loss = at::cross_entropy_loss(classes_in(outputs), labels);
                  context.record("loss/class", loss);
                  return class_weight_ * loss;
                }};
  }

 private:
  // Outputs: the verdict, then one logit a class.
  static Tensor classes_in(const Tensor& outputs) { return outputs.narrow(1, 1, outputs.size(1) - 1); }

  static ConvolutionalParts parts(const DataShape& shape) {
    const auto conditions = std::make_shared<Conditions>(shape, /*with_attributes=*/false);
    ConvolutionalParts parts;
    parts.codes = codes_of(conditions);
    parts.outputs = 1 + conditions->classes();
    return parts;
  }

  double class_weight_;
  bool classify_samples_;
  const Conditions conditions_;
};

Fault check_acgan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<AcganConfig>(recipe);
  if (auto wrong = check_conditions(shape, recipe, /*with_attributes=*/false)) return wrong;
  if (config.packing > 1) return {"a pack has no single class", {"model.packing=1"}};
  if (config.replay > 0) return {"the replay memory stores no classes", {"model.replay=0"}};
  return check_convolutional(shape, recipe);
}

}  // namespace

ModelInfo acgan() {
  return describe<Acgan, AcganConfig>({
      .name = "acgan",
      .family = "gan",
      .summary = "GAN whose discriminator also predicts the class; draws samples of any class",
      .paper = "Odena, Olah & Shlens, Conditional Image Synthesis with Auxiliary Classifier GANs, ICML 2017",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::decoder,
                       Capability::classifier, Capability::scorer, Capability::featurizer},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .sides = convolutional_sides,
      .check = check_acgan,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8"},
      .variants = {"model.classify_samples=false", "model.r1=1", "model.spectral_norm=true",
                   "model.feature_matching=1", "model.past_players=2", "model.objective=hinge"},
  });
}

}  // namespace belamy::models
