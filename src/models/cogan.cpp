// Coupled generative adversarial networks: Liu & Tuzel 2016 (arXiv:1606.07536).
//
//   Generators G_A, G_B of one latent z share all layers but the last; discriminators D_A, D_B share all but
//   the first. So G_A(z) and G_B(z) show the same content, although no pair of data is ever seen.
//
//     D_A, D_B  descend  the game's loss, over both domains
//                        + label_weight * E_A -log C(F_A(x))_y
//                        + agreement * E |F_A(G_A(z)) - F_B(G_B(z))|^2
//     G_A, G_B  descend  -log D_A(G_A(z)) - log D_B(G_B(z)), their mean
//
//   F are the discriminators' features and C a softmax on them; B's classes are C(F_B(x)): section 4 of the
//   paper, unsupervised domain adaptation. The discriminators are LeNets. The agreement term and both weights
//   are those of the authors' program.
//
// Departures: the generators double the side with 4x4 kernels, as DCGAN does, so that images can have any
// side; ReLU instead of PReLU; a normal latent.
//
// A sample is an image of A; with samples = "pairs" images of A and B from the same latent take turns.

#include <array>
#include <bit>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/adaptation.h"
#include "models/shared/game.h"
#include "nn/init.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

struct CoganConfig : LenetConfig, GameSettings {
  std::int64_t latent = 100;
  std::int64_t width = 128;
  double label_weight = 10;
  double agreement = 0.01;
  std::string samples = "a";

  void fields(Fields& f) override {
    LenetConfig::fields(f);
    f.add("latent", latent, {1, 4096}, "length of the latent");
    f.add("width", width, {1, 1024},
          "channels of the generators' last shared layer; they double towards 4x4");
    f.add("label_weight", label_weight, {0, 1e6}, "weight of the source labels' cross-entropy");
    f.add("agreement", agreement, {0, 1e6},
          "weight of the squared distance between the features of the two images of one latent");
    f.add("samples", samples, std::vector<std::string>{"a", "b", "pairs"},
          "what is sampled: images of one domain, or pairs of A and B from one latent, for display only: "
          "scores compare samples with A");
    objective_fields(f);
    regulariser_fields(f);
  }
};

// The last step of a discriminator: its verdict, then the features themselves, [N, F] -> [N, 1 + F].
class VerdictAndFeatures : public torch::nn::Module {
 public:
  explicit VerdictAndFeatures(std::shared_ptr<nn::Dense> verdict)
      : verdict_(register_module("verdict", std::move(verdict))) {}
  Tensor forward(const Tensor& features) { return at::cat({verdict_->forward(features), features}, 1); }

 private:
  std::shared_ptr<nn::Dense> verdict_;
};

Tensor features_in(const Tensor& outputs) {
  return outputs.narrow(1, 1, outputs.size(1) - 1);
}

class Cogan final : public Model, public Sampler, public Classifier {
 public:
  Cogan(const DataShape& shape, const CoganConfig& config, at::Generator generator)
      : config_(config), classes_(shape.classes) {
    const auto side = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(shape.width)));
    auto channels = config.width << (std::countr_zero(static_cast<std::uint64_t>(side)) - 3);
    const auto shared = std::make_shared<nn::Chain>();
    shared->add([](const Tensor& z) { return z.view({z.size(0), -1, 1, 1}); });
    shared->add(
        std::make_shared<nn::ConvTranspose>(config.latent, channels, 4, 1, 0, false));  // [N, C, 4, 4]
    for (;; channels /= 2) {
      shared->add(std::make_shared<nn::Norm>("batch", channels)).add(nn::activation("relu"));
      if (channels == config.width) break;
      shared->add(std::make_shared<nn::ConvTranspose>(channels, channels / 2, 4, 2, 1, false));
    }
    generator_ = register_module("generator", shared);
    judge_top_ = register_module("judge", lenet_top(shape, config));
    verdict_ = register_module("verdict", std::make_shared<nn::Dense>(config.features, 1));
    softmax_ = register_module("softmax", std::make_shared<nn::Dense>(config.features, shape.classes));
    for (const auto domain : {kA, kB}) {
      const std::string name = domain == kA ? "-a" : "-b";
      const auto last = std::make_shared<nn::Chain>();
      last->add(std::make_shared<nn::ConvTranspose>(config.width, shape.channels, 4, 2, 1, true));
      const auto cut = (side - shape.width) / 2;
      last->add([=, size = shape.width](const Tensor& x) {
        return x.slice(2, cut, cut + size).slice(3, cut, cut + size).tanh();
      });
      generator_ends_[domain] = register_module("generator" + name, last);
      judge_bottoms_[domain] = register_module("judge" + name, lenet_bottom(shape, config));
    }
    for (const auto& part : {generator_, generator_ends_[kA], generator_ends_[kB]})
      nn::initialise(*part, nn::Init::dcgan, generator);
    for (const auto& part : {judge_bottoms_[kA], judge_bottoms_[kB], judge_top_})
      nn::initialise(*part, nn::Init::glorot, generator);
    for (const auto& part : {verdict_, softmax_}) nn::initialise(*part, nn::Init::glorot, generator);
    for (const auto domain : {kA, kB}) games_[domain] = make_game(domain, shape);
    add_player("discriminator", {judge_bottoms_[kA], judge_bottoms_[kB], judge_top_, verdict_, softmax_});
    add_player("generator", {generator_, generator_ends_[kA], generator_ends_[kB]});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto fake = generate(draw_latent(batch.size(), context.generator()));
    Tensor labelled, fake_features, apart;
    const auto on_a = games_[kA]->discriminator_loss(
        {.real = batch.data,
         .discriminator_terms =
             [&](const Game::Outputs& outputs) {
               labelled = labelled_loss(softmax_->forward(features_in(outputs.real)), batch.labels, context);
               fake_features = features_in(outputs.fake);
               return Tensor();
             }},
        fake[kA].detach(), context);
    const auto on_b = games_[kB]->discriminator_loss(
        {.real = batch.partner.data,
         .discriminator_terms =
             [&](const Game::Outputs& outputs) {
               apart = (fake_features - features_in(outputs.fake)).square().sum(1).mean();
               return Tensor();
             }},
        fake[kB].detach(), context);
    context.update("discriminator",
                   0.5 * (on_a + on_b) + config_.label_weight * labelled + config_.agreement * apart);
    context.record("loss/agreement", apart);

    for (const auto& game : games_) game->clip_weights();  // both games, since they share weights
    context.update("generator", 0.5 * (games_[kA]->generator_loss(fake[kA], {}, context) +
                                       games_[kB]->generator_loss(fake[kB], {}, context)));
  }

  Sampler* sampler() override { return this; }
  Classifier* classifier() override { return this; }

  Tensor sample(const SampleRequest& request) override {
    const auto n = request.count;
    const auto& generator = request.generator;
    if (config_.samples != "pairs")
      return generate(draw_latent(n, generator))[config_.samples == "a" ? kA : kB];
    const auto pairs = generate(draw_latent((n + 1) / 2, generator));
    return torch::stack({pairs[kA], pairs[kB]}, 1).flatten(0, 1).narrow(0, 0, n);
  }
  std::int64_t classes() const override { return classes_; }
  Tensor classify(const Tensor& data) override {
    return softmax_->forward(judge_top_->forward(judge_bottoms_[kB]->forward(data)));
  }

 private:
  enum Domain : std::size_t { kA, kB };
  template <class T>
  using Both = std::array<T, 2>;

  Tensor draw_latent(std::int64_t n, const at::Generator& generator) const {
    return torch::randn({n, config_.latent}, generator, torch::TensorOptions().device(generator.device()));
  }
  Both<Tensor> generate(const Tensor& latents) const {
    const auto meaning = generator_->forward(latents);
    return {generator_ends_[kA]->forward(meaning), generator_ends_[kB]->forward(meaning)};
  }
  // The discriminator of a domain: its own layers, the shared ones, and the verdict.
  std::unique_ptr<Game> make_game(Domain domain, const DataShape& shape) {
    const auto judge = std::make_shared<nn::Chain>();
    judge->add(judge_bottoms_[domain]).add(judge_top_).add(std::make_shared<VerdictAndFeatures>(verdict_));
    const std::string letter = domain == kA ? "a" : "b";
    return std::make_unique<Game>(
        *this, config_,
        GameSetup{.discriminator = judge,
                  .sizes = shape.sizes(1),
                  .verdict = [](const Tensor& outputs) { return outputs.select(1, 0); },
                  .name = "discriminator-" + letter,
                  .generator_name = "generator-" + letter,
                  .real = "real-" + letter,
                  .fake = "fake-" + letter,
                  .suffix = "_" + letter});
  }

  CoganConfig config_;
  std::int64_t classes_;
  std::shared_ptr<nn::Chain> generator_, judge_top_;  // the shared layers
  Both<std::shared_ptr<nn::Chain>> generator_ends_, judge_bottoms_;
  std::shared_ptr<nn::Dense> verdict_, softmax_;
  Both<std::unique_ptr<Game>> games_;
};

Fault check_cogan(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<CoganConfig>(recipe);
  if (config.replay > 0)
    return {"replay would break the pairs of images of both domains", {"model.replay=0"}};
  if (auto wrong = check_game(config)) return wrong;
  return check_adaptation(shape, recipe);
}

ImageSides cogan_sides(const Recipe&) {
  return {.square = true, .smallest = 16};
}

}  // namespace

ModelInfo cogan() {
  return describe<Cogan, CoganConfig>({
      .name = "cogan",
      .family = "adaptation",
      .summary = "coupled GANs: two generators share early layers, two discriminators share late ones; their "
                 "features predict classes in both domains",
      .paper = "Liu & Tuzel, Coupled Generative Adversarial Networks, NIPS 2016",
      .capabilities = {Capability::sampler, Capability::classifier},
      .players = {{"discriminator", {.lr = 2e-4, .beta1 = 0.5}}, {"generator", {.lr = 2e-4, .beta1 = 0.5}}},
      .relation = Relation::domains,
      .sides = cogan_sides,
      .check = check_cogan,
      .tiny = {"model.conv1=4", "model.conv2=6", "model.features=32", "model.width=8", "model.latent=8"},
      .variants = regulariser_variants({"model.agreement=1", "model.label_weight=0.1"}),
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
