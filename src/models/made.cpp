// MADE, masked autoencoder for distribution estimation: Germain, Gregor, Murray & Larochelle 2015
// (arXiv:1502.03509). Pixels are black or white, x_d in {0, 1}.
//
//   max  log p(x) = sum_d log p(x_d | x_<d),   all factors from one pass of a network with masked weights
//
// Hidden unit k has a degree m(k) and sees inputs and units of degree at most m(k). Output d sees those of a
// degree below its own place in the order. With masks = M the M sets of masks take turns, one set for each
// step. With order = random each set has an order of its own. With use.ensemble = E the likelihood is the
// mean of the likelihoods of the first E sets.
//
// Departures: Adam in place of Adagrad; Glorot's initial weights in place of orthogonal ones; direct
// connections start at zero. A sample costs the arithmetic of one pass instead of D, because each hidden unit
// is computed only once.

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "belamy/error.h"
#include "belamy/recipe.h"

#include "models/shared/black_and_white.h"
#include "nn/draws.h"
#include "nn/masked_autoencoder.h"
#include "objectives/likelihood.h"

namespace belamy::models {
namespace {

constexpr std::uint64_t kMadeScoreSeed = 20150212;  // of the draws of black and white pixels for a score

struct MadeConfig : ModelConfig, Binarising {
  std::vector<std::int64_t> hidden = {500};
  std::int64_t masks = 1;
  std::string order = "natural";
  bool direct = true;
  std::int64_t ensemble = 1;

  void fields(Fields& f) override {
    f.add("hidden", hidden, {1, 65536}, "widths of the hidden layers");
    f.add("masks", masks, {1, 1024}, "number of different sets of masks, which take turns in training");
    f.add("order", order, std::vector<std::string>{"natural", "random"},
          "order of the pixels; natural: row by row; random: a random order for each set of masks");
    f.add("direct", direct, "masked connections from inputs to outputs");
    binarising_field(f);
  }
  void use_fields(Fields& f) override {
    f.add("ensemble", ensemble, {1, 1024},
          "number of sets of masks whose likelihoods are averaged, and which share the samples; at most "
          "model.masks");
  }
};

class Made final : public Model, public Sampler, public Density, public Scorer, public Completer {
 public:
  Made(const DataShape& shape, const MadeConfig& config, at::Generator generator)
      : config_(config), shape_(shape), generator_(generator) {
    network_ = register_module("network", std::make_shared<nn::MaskedAutoencoder>(
                                              nn::MaskedAutoencoder::Shape{.values = shape.values(),
                                                                           .hidden = config.hidden,
                                                                           .masks = config.masks,
                                                                           .shuffled = is_shuffled(),
                                                                           .direct = config.direct},
                                              generator));
    add_player("made", {network_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto x = to_unit(flat(config_.black_and_white(batch.data, context.generator())));
    const auto set = context.step() % config_.masks;
    const auto loss = -objectives::bernoulli_log_likelihood(x, network_->forward(x, set)).mean();
    context.update("made", loss);
    context.record("loss/negative-log-likelihood", loss);
  }

  Sampler* sampler() override { return this; }
  Density* density() override { return this; }
  Scorer* scorer() override { return this; }
  // Only what comes first in the order can be given. With a random order that is not a region of an image.
  Completer* completer() override { return is_shuffled() ? nullptr : this; }

  Tensor sample(const SampleRequest& request) override {
    std::vector<Tensor> parts;
    const auto sets = this->sets();
    for (std::int64_t set = 0; set < sets; ++set) {
      const auto first = request.count * set / sets, last = request.count * (set + 1) / sets;
      if (last > first) parts.push_back(draw({}, {}, last - first, set, request));
    }
    return at::cat(parts);
  }

  bool any_region() const override { return false; }
  Tensor complete(const Tensor& data, const Tensor& known, const SampleRequest& request) override {
    const auto given = to_unit(flat(config_.black_and_white(data, request.generator)));
    const auto mask = flat(known.expand_as(data)) > 0.5;
    return at::where(known > 0.5, data, draw(given, mask, data.size(0), 0, request));
  }

  Kind kind() const override { return Kind::exact; }
  std::int64_t levels() const override { return 2; }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    const auto x = to_unit(flat(config_.black_and_white(data, generator)));
    std::vector<Tensor> of_sets;
    for (std::int64_t set = 0; set < sets(); ++set) {
      of_sets.push_back(objectives::bernoulli_log_likelihood(x, network_->forward(x, set)));
    }
    return torch::stack(of_sets).logsumexp(0) - std::log(static_cast<double>(sets()));
  }
  std::string how() const override {
    return fmt::format("exact{}, {}", sets() > 1 ? fmt::format(", mean of {} sets of masks", sets()) : "",
                       Binarising(config_).how());
  }

  std::string score_name() const override { return "negative log-likelihood (nats)"; }
  Tensor score(const Tensor& data) override {
    return -log_likelihood(data, nn::seeded_like(generator_, kMadeScoreSeed), 1);
  }

 private:
  bool is_shuffled() const { return config_.order == "random"; }
  std::int64_t sets() const { return std::min(config_.ensemble, config_.masks); }

  // Pixel by pixel, its channels side by side: the natural order.
  Tensor flat(const Tensor& data) const { return data.permute({0, 2, 3, 1}).flatten(1).contiguous(); }
  Tensor image(const Tensor& x) const {
    return x.view({x.size(0), shape_.height, shape_.width, shape_.channels})
        .permute({0, 3, 1, 2})
        .contiguous();
  }

  // x_1 ~ p(x_1), x_2 ~ p(x_2 | x_1), ...; `given` [N, D] where `known` is true, if it is defined.
  Tensor draw(const Tensor& given, const Tensor& known, std::int64_t n, std::int64_t set,
              const SampleRequest& request) {
    const torch::NoGradGuard no_grad;
    nn::MaskedAutoencoder::Walk walk(*network_, n, set);
    for (std::int64_t place = 0; place < shape_.values(); ++place) {
      request.report(place, shape_.values());
      const auto p = walk.at(place).sigmoid();
      auto x = (torch::rand({n}, request.generator, p.options()) < p).to(torch::kFloat);
      if (given.defined()) {
        const auto d = walk.value(place);
        x = at::where(known.select(1, d), given.select(1, d), x);
      }
      walk.put(place, x);
    }
    return from_unit(image(walk.values()));
  }

  MadeConfig config_;
  DataShape shape_;
  at::Generator generator_;
  std::shared_ptr<nn::MaskedAutoencoder> network_;
};

}  // namespace

ModelInfo made() {
  return describe<Made, MadeConfig>({
      .name = "made",
      .family = "autoregressive",
      .summary = "masked autoencoder: exact likelihood of black and white images, factor by factor",
      .paper = "Germain, Gregor, Murray & Larochelle, MADE: Masked Autoencoder for Distribution Estimation, "
               "ICML 2015",
      .capabilities = {Capability::sampler, Capability::completer, Capability::density, Capability::scorer},
      .players = {{"made", {.lr = 1e-3}}},
      .tiny = {"model.hidden=[32]"},
      .variants = {"model.masks=3", "model.order=random", "model.direct=false", "model.hidden=[16, 24]",
                   "model.binarise=threshold"},
      .defaults = {"train.batch=100"},
  });
}

}  // namespace belamy::models
