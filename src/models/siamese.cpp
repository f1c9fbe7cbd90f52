// Siamese networks: Bromley et al. 1993, here after Koch, Zemel & Salakhutdinov 2015, Hadsell, Chopra & LeCun
// 2006 and Schroff, Kalenichenko & Philbin 2015.
//
//   One network f gets both data of a pair (a, b), which are of one class (E+) or of two (E-):
//
//     cross-entropy   p = sigmoid(sum_k alpha_k |f_k(a) - f_k(b)| + beta)
//                     min  -mean over E+ and E- of log p, log(1 - p)  +  l2 |w|^2
//     contrastive     D = |f(a) - f(b)|
//                     min  mean of  D^2 / 2 over E+,  max(0, margin - D)^2 / 2 over E-
//     triplet         min  mean of max(0, D(a, b) - D(a, n) + margin), (a, b) of E+, n of another class
//
//   The convolutional network at 96 pixels a side or more is Koch's: 64 maps of 10x10, 128 of 7x7, 128 of
//   4x4, 256 of 4x4, rectified, 2x2 maxima between them, then 4096 sigmoids, with model.width=64 and
//   model.code=4096.
//
// Departures: Adam with one learning rate, where Koch has a rate and a momentum for each layer; below 96
// pixels 3x3 kernels with zero padding and halvings down to 4 pixels; a bias beta; batch norm as a setting;
// initial weights as of He et al. 2015 and Glorot & Bengio 2010.

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/labels.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/norm.h"
#include "objectives/similarity.h"

namespace belamy::models {
namespace {

constexpr std::int64_t kKochSide = 96;      // from here on Koch's kernels fit
constexpr std::int64_t kLargestSide = 128;  // beyond, the fully connected layer needs gigabytes

struct SiameseConfig : ModelConfig {
  std::string loss = "cross-entropy";
  std::string network = "convolutional";
  std::int64_t width = 32;
  std::vector<std::int64_t> hidden = {512, 512};
  std::int64_t code = 256;
  std::string code_unit = "sigmoid";
  bool batch_norm = false;
  double margin = 1;
  double l2 = 0;

  void fields(Fields& f) override {
    f.add("loss", loss, std::vector<std::string>{"cross-entropy", "contrastive", "triplet"},
          "loss; cross-entropy has a learned distance, the others the Euclidean one");
    f.add("network", network, std::vector<std::string>{"convolutional", "fully-connected"},
          "kind of layers before the code");
    f.add("width", width, {1, 512},
          "channels of the first convolution; later ones have 2, 2 and 4 times as many");
    f.add("hidden", hidden, {1, 8192}, "widths of the hidden layers, when fully connected");
    f.add("code", code, {1, 8192}, "length of the code");
    f.add("code_unit", code_unit, std::vector<std::string>{"sigmoid", "linear"},
          "activation of the code's units");
    f.add("batch_norm", batch_norm, "batch norm before each ReLU");
    f.add("margin", margin, {1e-6, 1e6},
          "contrastive, triplet: wanted distance between codes of two classes");
    f.add("l2", l2, {0, 1e3}, "weight of the squared weights, without biases, in the loss");
  }
};

std::shared_ptr<nn::Chain> make_network(const DataShape& shape, const SiameseConfig& config,
                                        at::Generator generator) {
  const auto net = std::make_shared<nn::Chain>();
  const auto rectify = [](const Tensor& x) { return torch::relu(x); };
  std::int64_t width = 0;
  if (config.network == "convolutional") {
    constexpr std::array<std::int64_t, 4> koch = {10, 7, 4, 4}, multiples = {1, 2, 2, 4};
    auto in = shape.channels, h = shape.height, w = shape.width;
    const bool large = std::min(h, w) >= kKochSide;
    for (std::size_t layer = 0;; ++layer) {
      const auto kernel = large ? koch.at(layer) : 3, padding = large ? 0 : std::int64_t{1};
      const auto out = config.width * multiples.at(std::min<std::size_t>(layer, 3));
      h += 2 * padding - kernel + 1;
      w += 2 * padding - kernel + 1;
      net->add(torch::nn::Conv2d(
          torch::nn::Conv2dOptions(in, out, kernel).padding(padding).bias(!config.batch_norm)));
      if (config.batch_norm) net->add(std::make_shared<nn::Norm>("batch", out));
      net->add(rectify);
      in = out;
      if (large ? layer == 3 : std::min(h, w) <= 4) break;
      net->add([](const Tensor& x) { return at::max_pool2d(x, 2); });
      h /= 2;
      w /= 2;
    }
    width = in * h * w;
  } else {
    width = shape.values();
  }
  net->add([](const Tensor& x) { return x.flatten(1); });
  if (config.network == "fully-connected") {
    for (const auto next : config.hidden) {
      net->add(torch::nn::Linear(torch::nn::LinearOptions(width, next).bias(!config.batch_norm)));
      if (config.batch_norm) net->add(std::make_shared<nn::Norm>("batch", next));
      net->add(rectify);
      width = next;
    }
  }
  net->add(torch::nn::Linear(width, config.code));
  if (config.code_unit == "sigmoid") net->add([](const Tensor& x) { return torch::sigmoid(x); });
  nn::initialise(*net, nn::Init::he, generator);
  return net;
}

class Siamese final : public Model, public Matcher, public Encoder {
 public:
  Siamese(const DataShape& shape, const SiameseConfig& config, at::Generator generator) : config_(config) {
    network_ = register_module("network", make_network(shape, config, generator));
    std::vector<std::shared_ptr<torch::nn::Module>> all = {network_};
    if (config.loss == "cross-entropy") {
      weights_ = register_module("weights", std::make_shared<nn::Dense>(config.code, 1));
      nn::initialise(*weights_, nn::Init::glorot, generator);
      all.push_back(weights_);
    }
    add_player("siamese", all);
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto& other = batch.partner;
    const auto same = batch.labels == other.labels;
    const auto codes = network_->forward(at::cat({batch.data, other.data})).chunk(2);
    auto loss = pair_loss(codes[0], codes[1], batch.labels, other.labels, same);
    if (config_.l2 > 0) {
      for (const auto& weight : parameters()) {
        if (weight.dim() > 1) loss = loss + config_.l2 * weight.square().sum();
      }
    }
    context.update("siamese", loss);
    context.record("loss/siamese", loss);
    const auto alike = similarity_of(codes[0], codes[1]);
    const auto mean_where = [&](const Tensor& pairs) {
      return (alike * pairs).sum() / pairs.sum().clamp_min(1);
    };
    context.record("similarity/same", mean_where(same));
    context.record("similarity/different", mean_where(same.logical_not()));
  }

  Matcher* matcher() override { return this; }
  Encoder* encoder() override { return this; }

  /// With cross-entropy the probability that both are of one class, else minus the distance of the codes.
  Tensor similarity(const Tensor& a, const Tensor& b) override { return similarity_of(encode(a), encode(b)); }
  std::int64_t code_size() const override { return config_.code; }
  Tensor encode(const Tensor& data) override { return network_->forward(data); }

 private:
  // The logit that both are of one class, [N].
  Tensor logits(const Tensor& a, const Tensor& b) { return weights_->forward((a - b).abs()).squeeze(1); }

  Tensor pair_loss(const Tensor& a, const Tensor& b, const Tensor& a_labels, const Tensor& b_labels,
                   const Tensor& same) {
    if (weights_) return objectives::pair_cross_entropy(logits(a, b), same);
    if (config_.loss == "triplet") return objectives::triplet(a, b, a_labels, b_labels, config_.margin);
    return objectives::contrastive(objectives::row_distances(a, b), same, config_.margin);
  }

  Tensor similarity_of(const Tensor& a, const Tensor& b) {
    const torch::NoGradGuard no_grad;
    return weights_ ? torch::sigmoid(logits(a, b)) : -(a - b).norm(2, 1);
  }

  SiameseConfig config_;
  std::shared_ptr<nn::Chain> network_;
  std::shared_ptr<nn::Dense> weights_;  // alpha and beta; null without cross-entropy
};

Fault check_siamese(const DataShape& shape, const Recipe& recipe) {
  if (recipe.data.labelled > 0) return {"it needs all labels", {"data.labelled=0"}};
  return check_labels(shape);
}

ImageSides siamese_sides(const Recipe& recipe) {
  if (config_of<SiameseConfig>(recipe).network == "fully-connected") return {};
  return {.largest = kLargestSide};
}

}  // namespace

ModelInfo siamese() {
  return describe<Siamese, SiameseConfig>({
      .name = "siamese",
      .family = "siamese",
      .summary = "siamese network: one network for both data of a pair; codes of one class are close",
      .paper = "Koch, Zemel & Salakhutdinov, Siamese Neural Networks for One-shot Image Recognition, ICML "
               "deep learning workshop 2015",
      .capabilities = {Capability::encoder, Capability::matcher},
      .players = {{"siamese", {.lr = 1e-3}}},
      .relation = Relation::matches,
      .sides = siamese_sides,
      .check = check_siamese,
      .tiny = {"model.width=4", "model.hidden=[32]", "model.code=16"},
      .variants = {"model.loss=contrastive", "model.loss=triplet", "model.network=fully-connected",
                   "model.batch_norm=true", "model.code_unit=linear", "model.l2=0.01"},
      .defaults = {"data.pairs=random", "train.batch=128"},
  });
}

}  // namespace belamy::models
