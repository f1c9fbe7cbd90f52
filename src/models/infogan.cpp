// InfoGAN: Chen, Duan, Houthooft, Schulman, Sutskever & Abbeel 2016 (arXiv:1606.03657).
//
//   min_(G,Q) max_D  V(D, G) - lambda L_I(G, Q),   L_I = E log Q(c | G(z, c)) + H(c) <= I(c; G(z, c))
//
//   G gets codes c beside z: equally likely categories, and numbers from U(-1, 1). The recogniser Q shares
//   D's layers and predicts the codes of a sample; no labels are used. As in the authors' program, Q has one
//   hidden layer of its own, with 128 units and batch norm, and an output layer; Q's Gaussian for the numbers
//   has a fixed variance of 1; and both players ascend L_I.
//
// Departures: the networks of DCGAN; the noise is N(0, 1) by default.
//
// As Classifier it predicts the first category of a datum: a cluster, not a class of the data.

#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>

#include "models/shared/convolutional_gan.h"
#include "models/shared/labels.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

struct InfoganConfig : ConvolutionalConfig {
  std::vector<std::int64_t> categories = {10};
  std::int64_t numbers = 2;
  double information = 1;
  double numbers_weight = 0.1;
  std::int64_t recogniser = 128;

  InfoganConfig() { latent = 62; }
  void fields(Fields& f) override {
    ConvolutionalConfig::fields(f);
    f.add("categories", categories, {2, 1000},
          "number of categories of each categorical code; [10]: one code with ten");
    f.add("numbers", numbers, {0, 100}, "number of codes from U(-1, 1)");
    f.add("information", information, {0, 1000},
          "lambda, the weight of the categorical codes' bound in both losses");
    f.add("numbers_weight", numbers_weight, {0, 1000}, "lambda for the codes from U(-1, 1)");
    f.add("recogniser", recogniser, {1, 4096}, "width of the recogniser's hidden layer");
  }
};

// [N, F] -> [N, 1 + outputs]: the verdict, then Q's predictions of the codes.
class VerdictAndCodes : public torch::nn::Module {
 public:
  VerdictAndCodes(std::int64_t features, std::int64_t hidden, std::int64_t outputs, nn::Weighting weighting) {
    verdict_ = register_module("verdict", std::make_shared<nn::Dense>(features, 1, weighting));
    recogniser_ = register_module("recogniser", std::make_shared<nn::Chain>());
    recogniser_->add(std::make_shared<nn::Dense>(features, hidden))
        .add(std::make_shared<nn::Norm>("batch", hidden))
        .add(nn::activation("leaky-relu"))
        .add(std::make_shared<nn::Dense>(hidden, outputs));
  }
  Tensor forward(const Tensor& features) {
    return at::cat({verdict_->forward(features), recogniser_->forward(features)}, 1);
  }

 private:
  std::shared_ptr<nn::Dense> verdict_;
  std::shared_ptr<nn::Chain> recogniser_;
};

std::int64_t code_values(const InfoganConfig& config) {
  auto size = config.numbers;
  for (const auto count : config.categories) size += count;
  return size;
}

// One-hot categories one after another, then numbers: [n, code_values].
Tensor draw_codes(const InfoganConfig& config, std::int64_t n, at::Generator generator) {
  const auto real = torch::TensorOptions().device(generator.device());
  std::vector<Tensor> parts;
  for (const auto count : config.categories) {
    parts.push_back(at::one_hot(torch::randint(count, {n}, generator, real.dtype(torch::kLong)), count)
                        .to(torch::kFloat));
  }
  if (config.numbers > 0) parts.push_back(torch::rand({n, config.numbers}, generator, real).mul_(2).sub_(1));
  return at::cat(parts, 1);
}

class Infogan final : public ConvolutionalGan, public Classifier, public Encoder {
 public:
  Infogan(const DataShape& shape, const InfoganConfig& config, at::Generator generator)
      : ConvolutionalGan(shape, config, generator, parts(config)), config_(config) {}

  /// Requested classes are categories of the first code.
  bool conditional() const override { return true; }
  std::int64_t clusters() const override { return classes(); }
  Tensor sample(const SampleRequest& request) override {
    auto codes = draw_codes(config_, request.count, request.generator);
    codes.narrow(1, 0, classes()).copy_(at::one_hot(asked_labels(request, classes()), classes()));
    return generate_with(codes, request.generator);
  }
  Classifier* classifier() override { return this; }
  bool supervised() const override { return false; }
  std::int64_t classes() const override { return config_.categories[0]; }
  Tensor classify(const Tensor& data) override { return recognise(data).narrow(1, 0, classes()); }
  Encoder* encoder() override { return this; }
  std::int64_t code_size() const override { return code_values(config_); }
  /// Probabilities of the categories, then means of the numbers.
  Tensor encode(const Tensor& data) override {
    const auto said = recognise(data);
    std::vector<Tensor> parts;
    std::int64_t at = 0;
    for (const auto count : config_.categories) {
      parts.push_back(said.narrow(1, at, count).softmax(1));
      at += count;
    }
    parts.push_back(said.narrow(1, at, config_.numbers));
    return at::cat(parts, 1);
  }

 protected:
  Tensor verdict(const Tensor& outputs) const override { return outputs.select(1, 0); }

  Game::Round round(const Batch& batch, StepContext& context) override {
    const auto codes = draw_codes(config_, batch.size(), context.generator());
    return {.real = batch.data,
            .make = [this, codes, &context] { return generate_with(codes, context.generator()); },
            .discriminator_terms =
                [this, codes](const Game::Outputs& outputs) {
                  return information_loss(outputs.fake, codes, nullptr);
                },
            .generator_terms = [this, codes, &context](
                                   const Tensor& outputs,
                                   const Tensor&) { return information_loss(outputs, codes, &context); }};
  }

 private:
  // Minus the weighted bound, without the constant entropies. With a context it also records the bound of
  // each kind of code, in nats.
  Tensor information_loss(const Tensor& outputs, const Tensor& codes, StepContext* context) const {
    const auto said = outputs.narrow(1, 1, outputs.size(1) - 1);
    auto loss = torch::zeros({}, outputs.options());
    std::int64_t at = 0;
    Tensor bound;
    for (const auto count : config_.categories) {
      const auto cross_entropy =
          at::cross_entropy_loss(said.narrow(1, at, count), codes.narrow(1, at, count).argmax(1));
      const auto found = std::log(static_cast<double>(count)) - cross_entropy;
      bound = bound.defined() ? bound + found : found;
      loss = loss + config_.information * cross_entropy;
      at += count;
    }
    if (context) context->record("information/categories", bound);
    if (config_.numbers > 0) {
      const auto error =
          (said.narrow(1, at, config_.numbers) - codes.narrow(1, at, config_.numbers)).square();
      loss = loss + config_.numbers_weight * 0.5 * error.sum(1).mean();
      // The bound for the best fixed variance instead of 1: H(U(-1, 1)) - log sqrt(2 pi e var), where var is
      // the mean squared error.
      if (context) {
        constexpr double kGaussian = 1.4189385332046727;  // log sqrt(2 pi e)
        context->record("information/numbers",
                        (std::log(2.0) - kGaussian - 0.5 * error.mean(0).clamp_min(1e-12).log()).sum());
      }
    }
    return loss;
  }

  Tensor recognise(const Tensor& data) {
    const auto outputs = discriminator_->forward(data);
    return outputs.narrow(1, 1, outputs.size(1) - 1);
  }

  static ConvolutionalParts parts(const InfoganConfig& config) {
    ConvolutionalParts parts;
    parts.codes = {code_values(config), [config](std::int64_t n, at::Generator generator) {
                     return draw_codes(config, n, generator);
                   }};
    parts.end = [config](nn::Chain& discriminator, std::int64_t features) {
      const auto weighting = weighting_of(config);
      discriminator.add(
          std::make_shared<VerdictAndCodes>(features, config.recogniser, code_values(config), weighting));
    };
    return parts;
  }

  const InfoganConfig config_;
};

Fault check_infogan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<InfoganConfig>(recipe);
  if (config.categories.empty()) return {"it needs a categorical code", {"model.categories=[10]"}};
  if (config.packing > 1) return {"a pack has no single set of codes", {"model.packing=1"}};
  if (config.replay > 0) return {"the replay memory stores no codes", {"model.replay=0"}};
  if (config.minibatch_deviation || config.minibatch_discrimination > 0) {
    return {"its recogniser works on single data",
            {"model.minibatch_deviation=false", "model.minibatch_discrimination=0"}};
  }
  return check_convolutional(shape, recipe);
}

}  // namespace

ModelInfo infogan() {
  return describe<Infogan, InfoganConfig>({
      .name = "infogan",
      .family = "gan",
      .summary = "GAN whose codes can be predicted from its samples: finds classes and styles without labels",
      .paper = "Chen et al., InfoGAN: Interpretable Representation Learning by Information Maximizing "
               "Generative Adversarial Nets, NIPS 2016",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::decoder,
                       Capability::encoder, Capability::classifier, Capability::scorer,
                       Capability::featurizer},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}},
                  {"generator", {.lr = 1e-3, .beta1 = 0.5, .average = 0.999}}},
      .sides = convolutional_sides,
      .check = check_infogan,
      .advise = advise_game,
      .tiny = {"model.width=8", "model.latent=8", "model.recogniser=16"},
      .variants = {"model.categories=[4, 3]", "model.numbers=0", "model.r1=1", "model.spectral_norm=true",
                   "model.feature_matching=1", "model.critic_steps=2", "model.dense=16"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
