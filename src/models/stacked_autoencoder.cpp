// Stacked autoencoder: layers that learn, one after another, to reconstruct the output of the layer below,
// and a softmax classifier on top. Bengio et al. 2007; Vincent et al. 2010 (denoising layers); Ng, CS294A
// (sparse layers).
//
//   h_0 = x in [0, 1],  h_k = s(W_k h_{k-1} + b_k)
//   layer k:  min  E -log p(h_{k-1} | V_k h_k + c_k) + penalties
//
// The stage decides what learns:
//   layer-1 ... layer-n   that layer alone, on the codes of those below it
//   joint                 all layers together, from the reconstruction error of the whole stack
//   softmax               the classifier alone, on frozen layers
//   fine-tune             classifier and layers, from labels; without earlier stages: from random weights
//   main (no stages)      everything together, from the reconstruction error and from labels
//
// Departures: Adam. A stage starts with moments of zero, which make its first steps large; hence the warm-up.

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/recipe.h"

#include "models/shared/code_networks.h"
#include "models/shared/code_terms.h"
#include "models/shared/labels.h"
#include "models/shared/stages.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/products.h"
#include "objectives/likelihood.h"

namespace belamy::models {
namespace {

struct StackedAutoencoderConfig : ModelConfig {
  std::vector<std::int64_t> hidden = {500, 500};
  std::string unit = "sigmoid";
  bool tied = true;
  std::string loss = "cross-entropy";
  Corruption corruption;
  Sparsity sparsity;
  double decay = 0;
  double dropout = 0;
  double input_dropout = 0;
  double label_weight = 1;

  void fields(Fields& f) override {
    f.add("hidden", hidden, {1, 8192}, "widths of the layers; the last is the code's length");
    f.add("unit", unit, nn::activation_names(),
          "activation of every layer, and of the reconstructions of layers above the first");
    f.add("tied", tied, "tie the decoder's weights to the encoder's: V = W'");
    f.add("loss", loss, std::vector<std::string>{"l2", "cross-entropy"},
          "reconstruction error: squared error, or cross-entropy of values in [0, 1]");
    corruption.fields(f);
    sparsity.fields(f);
    f.add("decay", decay, {0, 1e6},
          "weight decay of layers that learn to reconstruct: times half their squared weights");
    f.add("dropout", dropout, {0, 0.95}, "dropout rate of each layer when labels are learned");
    f.add("input_dropout", input_dropout, {0, 0.95}, "dropout rate of the input when labels are learned");
    f.add("label_weight", label_weight, {0, 1e6},
          "weight of the labels beside the reconstruction, without stages");
  }
};

class Layer final : public torch::nn::Module {
 public:
  Layer(std::int64_t in, std::int64_t out, bool tied) {
    weight_ = register_parameter("weight", torch::zeros({out, in}));
    bias_ = register_parameter("bias", torch::zeros({out}));
    if (!tied) back_weight_ = register_parameter("back_weight", torch::zeros({in, out}));
    back_bias_ = register_parameter("back_bias", torch::zeros({in}));
  }
  Tensor up(const Tensor& x) const { return nn::affine(x, weight_, bias_); }
  Tensor down(const Tensor& h) const {
    return nn::affine(h, back_weight_.defined() ? back_weight_ : weight_.t(), back_bias_);
  }
  Tensor squared_weights() const {
    const auto sum = weight_.square().sum();
    return back_weight_.defined() ? sum + back_weight_.square().sum() : sum;
  }

 private:
  Tensor weight_, bias_, back_weight_, back_bias_;
};

class StackedAutoencoder final : public Model, public Encoder, public Reconstructor, public Classifier {
 public:
  StackedAutoencoder(const DataShape& shape, const StackedAutoencoderConfig& config, at::Generator generator)
      : config_(config), shape_(shape), unit_(nn::activation(config.unit)) {
    auto width = shape.values();
    for (const auto next : config.hidden) {
      layers_.push_back(register_module("layer-" + std::to_string(layers_.size() + 1),
                                        std::make_shared<Layer>(width, next, config.tied)));
      add_player_of("layer", layers_.size(), {layers_.back()});
      players_of_layers_.push_back(players().back().name);
      width = next;
    }
    softmax_ = register_module("softmax", std::make_shared<nn::Dense>(width, shape.classes));
    input_dropout_ =
        register_module("input_dropout", std::make_shared<nn::Dropout>(config.input_dropout, generator));
    dropout_ = register_module("dropout", std::make_shared<nn::Dropout>(config.dropout, generator));
    nn::initialise(*this, nn::Init::glorot, generator);
    add_player("classifier", {softmax_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto& stage = context.stage();
    if (const auto layer = layer_of(stage, layers_.size())) {
      Tensor clean;
      {
        const torch::NoGradGuard no_grad;
        clean = climb(values(batch.data), *layer);
      }
      context.update(players_of_layers_[*layer], giving_back(clean, *layer, *layer + 1, context));
      return;
    }
    if (stage == "joint") {
      context.update_together(players_of_layers_,
                              giving_back(values(batch.data), 0, layers_.size(), context));
      return;
    }
    const auto& known = labelled_part(batch);
    if (stage == "softmax") {
      context.update("classifier", naming(encode(known.data).detach(), known.labels, context));
      return;
    }
    auto loss = naming(climb_with_dropout(values(known.data)), known.labels, context);
    if (stage != "fine-tune") {
      loss = config_.label_weight * loss + giving_back(values(batch.data), 0, layers_.size(), context);
    }
    auto everyone = players_of_layers_;
    everyone.push_back("classifier");
    context.update_together(everyone, loss);
  }

  Encoder* encoder() override { return this; }
  Reconstructor* reconstructor() override { return this; }
  Classifier* classifier() override { return this; }

  std::int64_t code_size() const override { return config_.hidden.back(); }
  Tensor encode(const Tensor& data) override { return climb(values(data), layers_.size()); }
  Tensor reconstruct(const Tensor& data) override {
    const auto back = finish(descend(encode(data), 0, layers_.size()), 0);
    return (shape_.is_images() ? from_unit(back) : back).view(shape_.sizes(data.size(0)));
  }
  std::int64_t classes() const override { return shape_.classes; }
  Tensor classify(const Tensor& data) override { return softmax_->forward(encode(data)); }

 private:
  Tensor values(const Tensor& data) const { return shape_.is_images() ? to_unit(data.flatten(1)) : data; }
  Tensor climb(Tensor h, std::size_t layers) const {
    for (std::size_t k = 0; k < layers; ++k) h = unit_(layers_[k]->up(h));
    return h;
  }
  Tensor climb_with_dropout(const Tensor& x) const {
    auto h = input_dropout_->forward(x);
    for (const auto& layer : layers_) h = dropout_->forward(unit_(layer->up(h)));
    return h;
  }
  // From the code of layer `last` - 1 down to the reconstruction by layer `first`, before its activation.
  Tensor descend(Tensor h, std::size_t first, std::size_t last) const {
    for (auto k = last - 1; k > first; --k) h = unit_(layers_[k]->down(h));
    return layers_[first]->down(h);
  }
  Tensor finish(const Tensor& raw, std::size_t layer) const {
    if (layer > 0) return unit_(raw);
    return shape_.is_images() ? raw.sigmoid() : raw;
  }

  // The loss of layers `first` to `last` - 1 for reconstructing `clean`, the input of the first.
  Tensor giving_back(const Tensor& clean, std::size_t first, std::size_t last, StepContext& context) const {
    auto h = config_.corruption.apply(clean, 0, 1, context.generator());
    std::vector<Tensor> terms;
    for (auto k = first; k < last; ++k) {
      h = unit_(layers_[k]->up(h));
      if (config_.sparsity.on()) terms.push_back(config_.sparsity.weight * config_.sparsity.penalty(h));
      if (config_.decay > 0) terms.push_back(config_.decay / 2 * layers_[k]->squared_weights());
    }
    const auto raw = descend(h, first, last);
    auto loss = config_.loss == "l2" ? (finish(raw, first) - clean).square().sum(1).mean()
                                     : -objectives::bernoulli_log_likelihood(clean, raw).mean();
    context.record("loss/reconstruction", loss);
    for (const auto& term : terms) loss = loss + term;
    if (!terms.empty()) context.record("loss/penalised", loss);
    return loss;
  }

  Tensor naming(const Tensor& codes, const Tensor& labels, StepContext& context) const {
    const auto logits = softmax_->forward(codes);
    const auto loss = at::cross_entropy_loss(logits, labels);
    context.record("loss/labelled", loss);
    context.record("error/labelled", (logits.argmax(1) != labels).to(torch::kFloat).mean());
    return loss;
  }

  StackedAutoencoderConfig config_;
  DataShape shape_;
  std::function<Tensor(const Tensor&)> unit_;
  std::vector<std::shared_ptr<Layer>> layers_;
  std::vector<std::string> players_of_layers_;
  std::shared_ptr<nn::Dense> softmax_;
  std::shared_ptr<nn::Dropout> input_dropout_, dropout_;
};

Fault check_stacked_autoencoder(const DataShape& shape, const Recipe& recipe) {
  const auto& settings = config_of<StackedAutoencoderConfig>(recipe);
  if (auto wrong = check_labels(shape)) return wrong;
  if (settings.hidden.empty()) return {"the stack needs a layer", {"model.hidden=[500]"}};
  const bool sigmoid = settings.unit == "sigmoid";
  if (settings.sparsity.kind == "kl" && !sigmoid) {
    return {"the KL penalty needs units between 0 and 1", {"model.unit=sigmoid"}};
  }
  if (settings.loss == "cross-entropy" && (!shape.is_images() || (!sigmoid && settings.hidden.size() > 1))) {
    return {"cross-entropy needs values between 0 and 1: images and sigmoid units", {"model.loss=l2"}};
  }
  if (settings.corruption.kind == "salt-and-pepper" && !sigmoid && settings.hidden.size() > 1) {
    return {"salt-and-pepper needs values between 0 and 1", {"model.corruption=masking"}};
  }
  return settings.corruption.check(shape);
}

}  // namespace

ModelInfo stacked_autoencoder() {
  return describe<StackedAutoencoder, StackedAutoencoderConfig>({
      .name = "stacked-autoencoder",
      .family = "autoencoder",
      .summary = "denoising or sparse autoencoders stacked layer by layer, then fine-tuned as a classifier",
      .paper =
          "Vincent et al., Stacked Denoising Autoencoders: Learning Useful Representations in a Deep Network "
          "with a Local Denoising Criterion, JMLR 2010",
      .capabilities = {Capability::encoder, Capability::reconstructor, Capability::classifier},
      .players = {{"layer", {.lr = 1e-3, .warmup = 500}}, {"classifier", {.lr = 1e-3, .warmup = 500}}},
      .points = true,
      .check = check_stacked_autoencoder,
      .tiny = {"model.hidden=[128, 64]", "model.unit=elu", "model.loss=l2", "optimizer.layer.warmup=0",
               "optimizer.classifier.warmup=0"},
      .stages =
          [](const DataShape&, const ModelConfig& config) {
            const auto& hidden = static_cast<const StackedAutoencoderConfig&>(config).hidden;
            return layer_stages(hidden.size(), {"joint", "softmax", "fine-tune"});
          },
      .variants = {"model.tied=false", "model.sparsity=l1", "model.sparsity=l2", "model.sparsity=kl",
                   "model.corruption=gaussian", "model.corruption=masking",
                   "model.corruption=salt-and-pepper", "model.decay=0.01", "model.dropout=0.5",
                   "model.input_dropout=0.2", "data.labelled=20"},
      .defaults = {"train.batch=100"},
  });
}

}  // namespace belamy::models
