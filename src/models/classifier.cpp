// Classifier: a network that learns from labels to name the class of images or points.
//
//   min  E -log p(y | x),  p = softmax(W f(x) + b)
//
// f is a stack of 3x3 convolutions with batch normalisation, halved by max pooling, and then the mean over all places
// (global average pooling: Lin et al. 2014, arXiv:1312.4400) or dense layers; or dense layers alone. Or it is what a
// parent computes: the codes of an encoder, or the maps of a featurizer, trained further here or kept as they are.
//
// Class maps: the last maps times the slope of the logit along them, summed over channels (Draelos & Carin 2020,
// arXiv:2011.08891). After the mean over places this is the class activation map of Zhou et al. 2016 (arXiv:1512.04150),
// divided by the number of places. A network without maps is asked about the pixels themselves, as brightness above
// black.

#include <torch/autograd.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "models/shared/labels.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/norm.h"

namespace belamy::models {
namespace {

constexpr const char *kStart = "start", *kMaps = "maps";

struct ClassifierConfig : ModelConfig {
  std::string network = "convolutional";
  std::vector<std::int64_t> channels = {32, 64, 128};
  std::int64_t convolutions = 2;
  std::string pooling = "average";
  std::vector<std::int64_t> hidden = {256};
  double dropout = 0;
  double label_smoothing = 0;
  bool frozen = false;

  void fields(Fields& f) override {
    f.add("network", network, std::vector<std::string>{"convolutional", "fully-connected"},
          "kind of the layers; a parent takes their place");
    f.add("channels", channels, {1, 4096},
          "channels of the convolutions at the image's size, at half of it, at a quarter, ...");
    f.add("convolutions", convolutions, {1, 16}, "number of convolutions at each size");
    f.add(
        "pooling", pooling, std::vector<std::string>{"average", "none"},
        "what follows the maps; average: the mean over all places, then the last layer; none: hidden layers");
    f.add("hidden", hidden, {1, 8192}, "widths of the dense layers before the last one, where there are any");
    f.add("dropout", dropout, {0, 0.99}, "share of the features that each step leaves out");
    f.add("label_smoothing", label_smoothing, {0, 0.99},
          "share of a label that is divided equally among all classes");
    f.add("frozen", frozen, "keep a parent's weights as they are, and train only the layers after it");
  }
};

// The parameters of a parent on which the outputs depend, as a module for a player. The run keeps the parent itself.
std::shared_ptr<torch::nn::Module> trained_part_of(Model& parent, const std::function<Tensor()>& outputs) {
  const torch::AutoGradMode with_gradients(true);
  const auto all = parent.parameters();
  for (const auto& parameter : all) parameter.set_requires_grad(true);
  const auto made = outputs();
  if (!made.requires_grad())
    throw usage_error("the parent computes its outputs in a way that cannot be trained further",
                      "set model.frozen=true");
  const auto slopes = torch::autograd::grad({made.sum()}, all, {}, /*retain_graph=*/false,
                                            /*create_graph=*/false, /*allow_unused=*/true);
  auto part = std::make_shared<torch::nn::Module>();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (slopes[i].defined())
      part->register_parameter(std::to_string(i), all[i]);
    else
      all[i].set_requires_grad(false);
  }
  return part;
}

class NetworkClassifier final : public Model,
                                public Encoder,
                                public Classifier,
                                public Localiser,
                                public Featurizer {
 public:
  NetworkClassifier(const DataShape& shape, const ClassifierConfig& config, at::Generator generator,
                    const Parents& parents)
      : images_(shape.is_images()), classes_(shape.classes), smoothing_(config.label_smoothing) {
    body_ = register_module("body", std::make_shared<nn::Chain>());
    top_ = register_module("top", std::make_shared<nn::Chain>());
    std::vector<std::shared_ptr<torch::nn::Module>> trained = {body_, top_};
    auto seen = shape.sizes(1);  // what the top sees of one example
    if (!parents.empty()) {
      const auto& [name, parent] = *parents.begin();
      see_with(parent, name == kStart);
      const auto look = [&] { return see(torch::zeros(shape.sizes(2), generator.device())); };
      if (!config.frozen) trained.push_back(trained_part_of(*parent, look));
      const torch::NoGradGuard no_grad;
      seen = look().sizes().vec();
    } else if (config.network == "convolutional") {
      add_convolutions(config, seen);
      see_ = [this](const Tensor& x) { return body_->forward(x); };
      has_maps_ = true;
    }
    features_ = add_top(config, seen);
    output_ = register_module("output", std::make_shared<nn::Dense>(features_, classes_));
    dropout_ = register_module("dropout", std::make_shared<nn::Dropout>(config.dropout, generator));
    for (const auto& module : {body_, top_}) nn::initialise(*module, nn::Init::he, generator);
    nn::initialise(*output_, nn::Init::glorot, generator);
    trained.push_back(output_);
    add_player("classifier", std::move(trained));
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto& known = labelled_part(batch);
    const auto logits = output_->forward(dropout_->forward(encode(known.data)));
    context.update("classifier", labelled_loss(logits, known.labels, context, smoothing_));
  }

  Encoder* encoder() override { return this; }
  Classifier* classifier() override { return this; }
  Localiser* localiser() override { return images_ ? this : nullptr; }
  Featurizer* featurizer() override { return has_maps_ ? this : nullptr; }

  std::int64_t code_size() const override { return features_; }
  Tensor encode(const Tensor& data) override { return top_->forward(see(data)); }
  std::int64_t classes() const override { return classes_; }
  Tensor classify(const Tensor& data) override { return output_->forward(encode(data)); }

  Tensor class_maps(const Tensor& images, const Tensor& classes) override {
    const torch::AutoGradMode with_gradients(true);
    const auto at = (has_maps_ ? see(images) : images).detach().requires_grad_();
    const auto features = top_->forward(has_maps_ ? at : see(at));
    const auto logits = output_->forward(features).gather(1, classes.unsqueeze(1));
    const auto slope = torch::autograd::grad({logits.sum()}, {at})[0];
    return (slope * (has_maps_ ? at : at + 1)).sum(1).detach();
  }

  std::vector<Tensor> features(const Tensor& images) override {
    return parent_maps_ ? parent_maps_->features(images) : body_->pictures(images);
  }

 private:
  // Maps [N, C, H, W], or values [N, I], of data.
  Tensor see(const Tensor& data) const { return see_ ? see_(data) : data; }

  void see_with(const std::shared_ptr<Model>& parent, bool by_codes) {
    if (by_codes) {
      see_ = [parent](const Tensor& x) { return parent->encoder()->encode(x).flatten(1); };
    } else {
      parent_maps_ = parent->featurizer();
      see_ = [parent](const Tensor& x) { return parent->featurizer()->features(x).back(); };
      has_maps_ = true;
    }
    codes_ = by_codes;
  }

  void add_convolutions(const ClassifierConfig& config, std::vector<std::int64_t>& seen) {
    for (std::size_t level = 0; level < config.channels.size(); ++level) {
      if (level > 0) {
        body_->add([](const Tensor& x) { return at::max_pool2d(x, 2); });
        seen[2] /= 2;
        seen[3] /= 2;
      }
      for (std::int64_t i = 0; i < config.convolutions; ++i) {
        const auto out = config.channels[level];
        body_->add(std::make_shared<nn::Conv>(seen[1], out, 3, 1, 1, /*bias=*/false))
            .add(std::make_shared<nn::Norm>("batch", out))
            .add(nn::activation("relu"));
        seen[1] = out;
      }
    }
  }

  // What follows: [N, ...] as seen -> features [N, F]. Returns F.
  std::int64_t add_top(const ClassifierConfig& config, const std::vector<std::int64_t>& seen) {
    if (codes_) return seen[1];
    if (has_maps_ && config.pooling == "average") {
      top_->add([](const Tensor& x) { return x.mean({2, 3}); });
      return seen[1];
    }
    std::int64_t width = 1;
    for (std::size_t i = 1; i < seen.size(); ++i) width *= seen[i];
    top_->add([](const Tensor& x) { return x.flatten(1); });
    for (const auto next : config.hidden) {
      top_->add(std::make_shared<nn::Dense>(width, next)).add(nn::activation("relu"));
      width = next;
    }
    return width;
  }

  const bool images_;
  const std::int64_t classes_;
  const double smoothing_;
  bool has_maps_ = false, codes_ = false;
  std::int64_t features_ = 0;
  std::function<Tensor(const Tensor&)> see_;  // empty: the data themselves
  Featurizer* parent_maps_ = nullptr;
  std::shared_ptr<nn::Chain> body_, top_;
  std::shared_ptr<nn::Dense> output_;
  std::shared_ptr<nn::Dropout> dropout_;
};

bool has_parent(const Recipe& recipe, const char* name) {
  const auto found = recipe.parents.find(name);
  return found != recipe.parents.end() && !found->second.empty();
}

Fault check_classifier(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<ClassifierConfig>(recipe);
  if (auto wrong = check_labels(shape)) return wrong;
  const bool start = has_parent(recipe, kStart), maps = has_parent(recipe, kMaps);
  if (start && maps) return {"it can begin with one parent only", {"from.maps="}};
  if (start || maps) return {};
  if (config.frozen) return {"there is no parent whose weights could be kept", {"model.frozen=false"}};
  if (config.network == "fully-connected") return {};
  if (!shape.is_images()) return {"convolutions need images", {"model.network=fully-connected"}};
  if (config.channels.empty()) return {"it needs convolutions", {"model.channels=[32, 64]"}};
  return {};
}

// Each halving must leave a pixel.
ImageSides classifier_sides(const Recipe& recipe) {
  const auto& config = config_of<ClassifierConfig>(recipe);
  if (config.network == "fully-connected" || config.channels.empty()) return {};
  return {.smallest = std::int64_t{1} << std::min<std::size_t>(config.channels.size() - 1, 12)};
}

}  // namespace

ModelInfo classifier() {
  return describe<NetworkClassifier, ClassifierConfig>({
      .name = "classifier",
      .family = "classifier",
      .summary =
          "a network that names classes, convolutional or fully connected, from random weights or a parent's",
      .paper = "Zhou et al., Learning Deep Features for Discriminative Localization, CVPR 2016",
      .capabilities = {Capability::encoder, Capability::classifier, Capability::localiser,
                       Capability::featurizer},
      .players = {{"classifier", {.lr = 1e-3}}},
      .points = true,
      .sides = classifier_sides,
      .check = check_classifier,
      .parents = {{.name = kStart,
                   .needs = Capability::encoder,
                   .help = "a run whose codes the last layer gets, in place of the network"},
                  {.name = kMaps,
                   .needs = Capability::featurizer,
                   .help = "a run, or vgg16-conv, whose coarsest maps take the place of the convolutions"}},
      .tiny = {"model.channels=[8, 16]", "model.hidden=[32]", "model.convolutions=1"},
      .variants = {"model.network=fully-connected", "model.pooling=none", "model.convolutions=2",
                   "model.dropout=0.5", "model.label_smoothing=0.1", "data.labelled=20"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
