// Conditional GAN: Mirza & Osindero 2014 (arXiv:1411.1784); optionally with the projection discriminator of
// Miyato & Koyama 2018 (arXiv:1802.05637).
//
//   min_G max_D  E_(x,y) log D(x, y) + E_(z,y) log(1 - D(G(z, y), y))
//
//   y is the class as one-hot values, then the attributes (Gauthier 2014). G gets it beside z. D gets
//   it as planes beside the image (concatenation), or projects it: D = sigmoid(l(h) + <V y, h>), h its
//   last features.
//
// Departures: the networks of DCGAN in place of perceptrons; the samples of a step have the conditions of
// its batch.

#include <torch/types.h>

#include "models/shared/conditions.h"
#include "models/shared/convolutional_gan.h"

namespace belamy::models {
namespace {

struct ConditionalGanConfig : ConvolutionalConfig {
  std::string discriminator_condition = "concatenation";

  void fields(Fields& f) override {
    ConvolutionalConfig::fields(f);
    f.add("discriminator_condition", discriminator_condition,
          std::vector<std::string>{"concatenation", "projection"},
          "how the discriminator gets the condition: as planes beside the image, or projected onto its "
          "last features");
  }
};

// l(h) + <V y, h>: [N, F], [N, C] -> [N, 1].
class Projection : public torch::nn::Module {
 public:
  Projection(std::int64_t features, std::int64_t conditions, nn::Weighting weighting) {
    verdict_ = register_module("verdict", std::make_shared<nn::Dense>(features, 1, weighting));
    embedding_ = register_module("embedding", std::make_shared<nn::Dense>(conditions, features, weighting));
  }
  Tensor forward(const Tensor& features, const Tensor& condition) {
    const auto h = features.to(torch::kFloat);
    return verdict_->forward(features) + (embedding_->forward(condition) * h).sum(1, /*keepdim=*/true);
  }

 private:
  std::shared_ptr<nn::Dense> verdict_, embedding_;
};

class ConditionalGan final : public ConvolutionalGan {
 public:
  ConditionalGan(const DataShape& shape, const ConditionalGanConfig& config, at::Generator generator)
      : ConditionalGan(shape, config, generator, std::make_shared<Conditions>(shape)) {}

  bool conditional() const override { return true; }
  Tensor sample(const SampleRequest& request) override {
    return generate_with(conditions_->asked(request), request.generator);
  }
  bool takes_attributes() const override { return true; }
  // An image without its condition has no defined score or features.
  Scorer* scorer() override { return nullptr; }
  Featurizer* featurizer() override { return nullptr; }

 protected:
  Game::Round round(const Batch& batch, StepContext& context) override {
    conditions_->remember(batch, context.step());
    const auto condition = conditions_->of(batch);
    return {.real = batch.data, .condition = condition, .make = [this, condition, &context] {
              return generate_with(condition, context.generator());
            }};
  }

 private:
  ConditionalGan(const DataShape& shape, const ConditionalGanConfig& config, at::Generator generator,
                 const std::shared_ptr<Conditions>& conditions)
      : ConvolutionalGan(shape, config, generator, parts(config, conditions)),
        conditions_(register_module("conditions", conditions)) {}

  static ConvolutionalParts parts(const ConditionalGanConfig& config,
                                  const std::shared_ptr<Conditions>& conditions) {
    ConvolutionalParts parts;
    parts.codes = codes_of(conditions);
    if (config.discriminator_condition == "concatenation") {
      parts.planes = conditions->size();
    } else {
      parts.end = [size = conditions->size(), weighting = weighting_of(config)](nn::Chain& discriminator,
                                                                                std::int64_t features) {
        discriminator.add(std::make_shared<Projection>(features, size, weighting));
      };
    }
    return parts;
  }

  const std::shared_ptr<Conditions> conditions_;
};

Fault check_conditional_gan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<ConditionalGanConfig>(recipe);
  if (auto wrong = check_conditions(shape, recipe)) return wrong;
  if (config.packing > 1) return {"a pack has no single condition", {"model.packing=1"}};
  if (config.replay > 0) return {"the replay memory stores no conditions", {"model.replay=0"}};
  if (config.discriminator_condition == "projection" &&
      (config.minibatch_deviation || config.minibatch_discrimination > 0)) {
    return {"projection does not work with minibatch features",
            {"model.minibatch_deviation=false", "model.minibatch_discrimination=0"}};
  }
  return check_convolutional(shape, recipe);
}

}  // namespace

ModelInfo conditional_gan() {
  return describe<ConditionalGan, ConditionalGanConfig>({
      .name = "conditional-gan",
      .family = "gan",
      .summary = "GAN with class and attributes as condition, by concatenation or projection",
      .paper = "Mirza & Osindero, Conditional Generative Adversarial Nets, 2014",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::attribute_sampler,
                       Capability::decoder},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 2e-4, .beta1 = 0.5, .average = 0.999}}},
      .sides = convolutional_sides,
      .check = check_conditional_gan,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8"},
      .variants = {"model.discriminator_condition=projection", "model.r1=1", "model.gradient_penalty=10",
                   "model.roth=0.1", "model.feature_matching=1", "model.consensus=0.1",
                   "model.spectral_norm=true", "model.unroll=2", "model.past_players=2",
                   "model.generator_norm=virtual", "model.joint_batch=true",
                   "model.minibatch_deviation=true"},
  });
}

}  // namespace belamy::models
