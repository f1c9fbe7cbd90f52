// Adversarial discriminative domain adaptation: Tzeng et al. 2017 (arXiv:1702.05464).
//
//   Source encoder S, classifier C, target encoder T, domain discriminator D. The stage decides what learns:
//
//     source   S, C  descend  E_A -log C(S(x))_y
//     adapt    T starts from S's weights; S and C are frozen
//              D  descends  -E_A log D(S(x)) - E_B log(1 - D(T(x)))
//              T  descends  -E_B log D(T(x))                         labels swapped
//     main     (no stages) all at once
//
//   B's classes are C(T(x)), or C(S(x)) until the adaptation has begun. With judged = "logits" D gets C(S(x))
//   and C(T(x)), as in the authors' program; in the paper it gets the features.
//
// Departures: C is frozen in both cases; in the authors' program its copy for B adapts as T does.

#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/recipe.h"

#include "models/shared/adaptation.h"
#include "models/shared/game.h"

namespace belamy::models {
namespace {

struct AddaConfig : AdversaryConfig, GameSettings {
  std::string judged = "features";

  void fields(Fields& f) override {
    AdversaryConfig::fields(f);
    f.add("judged", judged, std::vector<std::string>{"features", "logits"},
          "input of the domain discriminator: the encoders' features, or the classifier's logits");
    objective_fields(f);
    matching_fields(f);
    regulariser_fields(f);
  }
};

class Adda final : public Model, public Classifier, public Encoder {
 public:
  Adda(const DataShape& shape, const AddaConfig& config, at::Generator generator)
      : classes_(shape.classes), features_(config.features), of_logits_(config.judged == "logits") {
    target_ = register_module("target", std::make_shared<nn::Chain>());
    target_->add(lenet_bottom(shape, config)).add(lenet_top(shape, config));
    source_ = register_module("source", std::make_shared<Lenet>(shape, config, generator));
    const auto seen = of_logits_ ? shape.classes : config.features;
    const auto adversary = register_module("adversary", make_adversary(config, seen, generator));
    game_ = std::make_unique<Game>(*this, config,
                                   GameSetup{.discriminator = adversary,
                                             .sizes = {1, seen},
                                             .name = "adversary",
                                             .generator_name = "target",
                                             .real = "source",
                                             .fake = "target"});
    adapted_ = register_buffer("adapted", torch::zeros({}, torch::kBool));
    copy_source();
    add_player("source", {source_});
    add_player("adversary", {adversary});
    add_player("target", {target_});
  }

  void begin_stage(const std::string& stage) override {
    if (stage == "source" || adapted_.item<bool>()) return;
    copy_source();
    adapted_.fill_(true);
  }

  void step(const Batch& batch, StepContext& context) override {
    if (context.stage() != "adapt") {
      const auto logits = source_->name(source_->features(batch.data));
      context.update("source", labelled_loss(logits, batch.labels, context));
    }
    if (context.stage() != "source") adapt(batch, context);
  }

  Classifier* classifier() override { return this; }
  std::int64_t classes() const override { return classes_; }
  Tensor classify(const Tensor& data) override { return source_->name(encode(data)); }
  Encoder* encoder() override { return this; }
  std::int64_t code_size() const override { return features_; }
  /// By the target encoder, for data of A as well.
  Tensor encode(const Tensor& data) override {
    return adapted_.item<bool>() ? target_->forward(data) : source_->features(data);
  }

 private:
  void copy_source() {
    const torch::NoGradGuard no_grad;
    const auto from = source_->encoder().parameters(), to = target_->parameters();
    for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i]);
  }

  void adapt(const Batch& batch, StepContext& context) {
    auto of_a = source_->features(batch.data), of_b = target_->forward(batch.partner.data);
    if (of_logits_) of_a = source_->name(of_a), of_b = source_->name(of_b);
    of_a = of_a.detach();
    game_->learn({.real = of_a}, of_b.detach(), context);
    context.update("target", game_->generator_loss(of_b, of_a, context));
  }

  std::int64_t classes_, features_;
  bool of_logits_;
  std::shared_ptr<Lenet> source_;
  std::shared_ptr<nn::Chain> target_;
  std::unique_ptr<Game> game_;
  Tensor adapted_;  // bool: the target encoder has its first weights
};

Fault check_adda(const DataShape& shape, const Recipe& recipe) {
  if (auto wrong = check_game(config_of<AddaConfig>(recipe))) return wrong;
  return check_adaptation(shape, recipe);
}

std::vector<std::string> advise(const Recipe& recipe) {
  if (recipe.stages.front().steps > 0) return {};
  return {
      "without stages source and target learn at the same time; the paper's stages are source, then adapt "
      "(recipe adda-mnist-usps)"};
}

}  // namespace

ModelInfo adda() {
  return describe<Adda, AddaConfig>({
      .name = "adda",
      .family = "adaptation",
      .summary =
          "adversarial discriminative domain adaptation: a target encoder starts as a copy of the source's "
          "and learns to fool a domain discriminator",
      .paper = "Tzeng et al., Adversarial Discriminative Domain Adaptation, CVPR 2017",
      .capabilities = {Capability::encoder, Capability::classifier},
      .players = {{"source", {.lr = 1e-3}},
                  {"adversary", {.lr = 2e-4, .beta1 = 0.5}},
                  {"target", {.lr = 2e-4, .beta1 = 0.5}}},
      .relation = Relation::domains,
      .sides = adaptation_sides,
      .check = check_adda,
      .advise = advise,
      .tiny = {"model.conv1=4", "model.conv2=6", "model.features=32", "model.adversary=[16]"},
      .stages = [](const DataShape&, const ModelConfig&) -> std::vector<std::string> {
        return {"source", "adapt"};
      },
      .variants =
          regulariser_variants({"model.judged=logits", "model.replay=24", "model.feature_matching=1"}),
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
