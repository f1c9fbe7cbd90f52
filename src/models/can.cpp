// Creative adversarial network: Elgammal, Liu, Elhoseiny & Mazzone 2017 (arXiv:1706.07068).
//
//   D has a verdict r and classes c_1, ..., c_K, the styles of the data. G makes what passes as data and yet has no
//   style that D could name:
//
//     D ascends  E log D_r(x) + E log(1 - D_r(G(z))) + style_weight E log D_c(c = c* | x)
//     G descends -E log D_r(G(z)) + ambiguity_weight E A(G(z))
//     A = -sum_k [1/K log D_c(c_k) + (1 - 1/K) log(1 - D_c(c_k))]
//
//   A is least where all K styles are equally likely. ambiguity=cross-entropy takes -sum_k 1/K log D_c(c_k).
//   With a classifier as parent, its styles stand in place of D's.
//
// Departures: the networks of DCGAN for any size of images; the objective is a setting.

#include <torch/types.h>

#include "models/shared/conditions.h"
#include "models/shared/convolutional_gan.h"
#include "models/shared/labels.h"
#include "objectives/ambiguity.h"

namespace belamy::models {
namespace {

constexpr const char* kClassifier = "classifier";

struct CanConfig : ConvolutionalConfig {
  double style_weight = 1, ambiguity_weight = 1;
  std::string ambiguity = "binary";

  void fields(Fields& f) override {
    ConvolutionalConfig::fields(f);
    f.add("style_weight", style_weight, {0, 1000},
          "weight of the styles' cross-entropy in the discriminator's loss");
    f.add("ambiguity_weight", ambiguity_weight, {0, 1000},
          "weight of the style ambiguity in the generator's loss");
    f.add(
        "ambiguity", ambiguity, std::vector<std::string>{"binary", "cross-entropy"},
        "binary: sum of each style's two-class cross-entropy (the paper); cross-entropy: that with equal styles");
  }
};

class Can final : public ConvolutionalGan, public Classifier {
 public:
  Can(const DataShape& shape, const CanConfig& config, at::Generator generator, const Parents& parents)
      : ConvolutionalGan(shape, config, generator,
                         {.outputs = 1 + (parents.count(kClassifier) ? 0 : shape.classes)}),
        config_(config),
        styles_(shape.classes),
        parent_(parents.count(kClassifier) ? parents.at(kClassifier) : nullptr) {}

  Classifier* classifier() override { return this; }
  std::int64_t classes() const override { return styles_; }
  Tensor classify(const Tensor& data) override {
    return parent_ ? parent_->classifier()->classify(data) : styles_in(discriminator_->forward(data));
  }

 protected:
  Tensor verdict(const Tensor& outputs) const override { return outputs.select(1, 0); }

  Game::Round round(const Batch& batch, StepContext& context) override {
    auto round = ConvolutionalGan::round(batch, context);
    if (!parent_) {
      round.discriminator_terms = [this, &labels = batch.labels, &context](const Game::Outputs& outputs) {
        return config_.style_weight * labelled_loss(styles_in(outputs.real), labels, context);
      };
    }
    round.generator_terms = [this, &context](const Tensor& outputs, const Tensor& samples) {
      const auto logits = parent_ ? classify(samples) : styles_in(outputs);
      const auto loss = config_.ambiguity == "binary" ? objectives::binary_ambiguity(logits)
                                                      : objectives::ambiguity(logits);
      context.record("loss/ambiguity", loss);
      return config_.ambiguity_weight * loss;
    };
    return round;
  }

 private:
  // Outputs: the verdict, then one logit a style.
  static Tensor styles_in(const Tensor& outputs) { return outputs.narrow(1, 1, outputs.size(1) - 1); }

  const CanConfig config_;
  const std::int64_t styles_;
  const std::shared_ptr<Model> parent_;
};

Fault check_can(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<CanConfig>(recipe);
  if (auto wrong = check_conditions(shape, recipe, /*with_attributes=*/false)) return wrong;
  if (config.packing > 1) return {"a pack has no single style", {"model.packing=1"}};
  return check_convolutional(shape, recipe);
}

}  // namespace

ModelInfo can() {
  return describe<Can, CanConfig>({
      .name = "can",
      .family = "gan",
      .summary = "creative GAN: its samples pass as data and have none of the styles that the labels name",
      .paper = "Elgammal, Liu, Elhoseiny & Mazzone, CAN: Creative Adversarial Networks, ICCC 2017",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::classifier, Capability::scorer,
                       Capability::featurizer},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .sides = convolutional_sides,
      .check = check_can,
      .advise = advise_game,
      .parents = {{.name = kClassifier,
                   .needs = Capability::classifier,
                   .help = "a classifier of the styles, in place of the discriminator's"}},
      .tiny = {"model.width=8", "model.latent=8"},
      .variants = {"model.ambiguity=cross-entropy", "model.style_weight=2", "model.r1=1",
                   "model.spectral_norm=true", "model.past_players=2", "model.objective=hinge"},
  });
}

}  // namespace belamy::models
