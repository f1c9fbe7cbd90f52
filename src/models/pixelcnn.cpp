// PixelCNN: van den Oord, Kalchbrenner & Kavukcuoglu 2016 (arXiv:1601.06759), and the gated one of van den Oord et
// al. 2016 (arXiv:1606.05328).
//
//   max  log p(x) = sum_i log p(x_i | x_<i),   pixels i row by row; all factors from one pass of causal convolutions
//
// output=binary: pixels are black or white, p(x_i | x_<i) is Bernoulli. output=logistics: 8-bit grey or colour, a
// discretised mixture of logistics (PixelCNN++, Salimans et al. 2017, arXiv:1701.05517), in which the mean of
// green depends on red, and the mean of blue on red and green.
//
// Departures: Adam in place of RMSprop; the first layer of the plain stack has twice the width, so that the
// first residual block needs no projection. Samples are drawn with a cache: each feature is computed once
// (use.cache=false: the whole network for each pixel, as in the papers).

#include <fmt/format.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "belamy/error.h"
#include "belamy/recipe.h"

#include "models/shared/black_and_white.h"
#include "nn/draws.h"
#include "nn/pixel_network.h"
#include "objectives/likelihood.h"
#include "objectives/logistics.h"

namespace belamy::models {
namespace {

constexpr std::uint64_t kPixelScoreSeed = 20160125;  // of the draws of black and white pixels for a score
constexpr std::int64_t kByteLevels = 256;

struct PixelCnnConfig : ModelConfig, Binarising {
  std::string stack = "gated";
  std::string output = "binary";
  std::int64_t width = 16;
  std::int64_t blocks = 7;
  std::int64_t first_kernel = 7;
  std::int64_t kernel = 3;
  std::int64_t head = 64;
  std::int64_t components = 5;
  bool cache = true;
  double temperature = 1;

  void fields(Fields& f) override {
    f.add("stack", stack, std::vector<std::string>{"gated", "plain"},
          "gated: a vertical and a horizontal stack of gated layers; plain: one stack of masked "
          "convolutions, which has a blind spot");
    f.add("output", output, std::vector<std::string>{"binary", "logistics"},
          "distribution of a pixel; binary: black or white; logistics: 256 levels, a discretised mixture of "
          "logistics");
    f.add("width", width, {1, 1024},
          "features of a layer; twice as many between the blocks of the plain stack");
    f.add("blocks", blocks, {0, 100}, "layers after the first");
    f.add("first_kernel", first_kernel, {3, 31}, "side of the first layer's window, odd", "pixels");
    f.add("kernel", kernel, {3, 31}, "side of the other layers' windows, odd", "pixels");
    f.add("head", head, {1, 4096}, "features between the last two layers");
    f.add("components", components, {1, 100}, "logistics in the mixture of a pixel, with output=logistics");
    binarising_field(f);
  }
  void use_fields(Fields& f) override {
    f.add("cache", cache,
          "draw samples with a cache: each feature is computed once; false: a whole pass for each pixel");
    f.add(
        "temperature", temperature, {0, 10},
        "temperature of the draws of a pixel; below 1: likelier pixels, so fewer mistakes and less variety");
  }
};

class PixelCnn final : public Model, public Sampler, public Density, public Scorer, public Completer {
 public:
  PixelCnn(const DataShape& shape, const PixelCnnConfig& config, at::Generator generator)
      : config_(config), shape_(shape), generator_(generator) {
    const auto outputs = is_binary() ? 1 : objectives::logistics_size(shape.channels, config.components);
    network_ = register_module("network", nn::make_pixel_network({.gated = config.stack == "gated",
                                                                  .channels = shape.channels,
                                                                  .outputs = outputs,
                                                                  .width = config.width,
                                                                  .blocks = config.blocks,
                                                                  .first_kernel = config.first_kernel,
                                                                  .kernel = config.kernel,
                                                                  .head = config.head},
                                                                 generator));
    add_player("pixelcnn", {network_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto x = taken(batch.data, context.generator());
    const auto loss = -log_probability(x).mean();
    context.update("pixelcnn", loss);
    context.record("loss/negative-log-likelihood", loss);
  }

  Sampler* sampler() override { return this; }
  Density* density() override { return this; }
  Scorer* scorer() override { return this; }
  Completer* completer() override { return this; }

  Tensor sample(const SampleRequest& request) override { return draw({}, {}, request.count, request); }

  bool any_region() const override { return false; }
  Tensor complete(const Tensor& data, const Tensor& known, const SampleRequest& request) override {
    const auto drawn = draw(taken(data, request.generator), known > 0.5, data.size(0), request);
    return at::where(known > 0.5, data, drawn);
  }

  Kind kind() const override { return Kind::exact; }
  std::int64_t levels() const override { return is_binary() ? 2 : kByteLevels; }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    return log_probability(taken(data, generator));
  }
  std::string how() const override {
    return is_binary() ? "exact, " + Binarising(config_).how() : "exact, of 256 levels";
  }

  std::string score_name() const override { return "negative log-likelihood (nats)"; }
  Tensor score(const Tensor& data) override {
    return -log_likelihood(data, nn::seeded_like(generator_, kPixelScoreSeed), 1);
  }

 private:
  bool is_binary() const { return config_.output == "binary"; }

  // The data as the model takes it.
  Tensor taken(const Tensor& data, at::Generator generator) const {
    return is_binary() ? config_.black_and_white(data, generator) : objectives::to_levels(data, kByteLevels);
  }

  Tensor log_probability(const Tensor& x) {
    const auto raw = network_->forward(x);
    return is_binary() ? objectives::bernoulli_log_likelihood(to_unit(x), raw)
                       : objectives::logistics_log_likelihood(x, raw, config_.components, kByteLevels);
  }

  // A draw of one pixel from the network's outputs for it: [N, outputs] -> [N, C].
  Tensor draw_pixel(const Tensor& raw, at::Generator generator) const {
    if (!is_binary()) {
      return objectives::draw_logistics(raw, shape_.channels, config_.components, generator, kByteLevels,
                                        config_.temperature);
    }
    const auto logits = raw / config_.temperature;
    return from_unit(
        (torch::rand(raw.sizes(), generator, raw.options()) < logits.sigmoid()).to(torch::kFloat));
  }

  // Draws pixel by pixel, each given those before it. Where `known` [N, 1, H, W] is true, the pixel of
  // `given` is taken instead.
  Tensor draw(const Tensor& given, const Tensor& known, std::int64_t n, const SampleRequest& request) {
    const torch::NoGradGuard no_grad;
    const auto x = torch::zeros(shape_.sizes(n), torch::TensorOptions().device(request.generator.device()));
    const auto walk = config_.cache ? network_->walk(n, shape_.width) : nullptr;
    for (std::int64_t i = 0; i < shape_.height; ++i) {
      if (walk) walk->begin_row();
      for (std::int64_t j = 0; j < shape_.width; ++j) {
        request.report(i * shape_.width + j, shape_.height * shape_.width);
        const auto pixel = [i, j](const Tensor& t) { return t.select(3, j).select(2, i); };
        auto value = draw_pixel(walk ? walk->at(j) : pixel(network_->forward(x)), request.generator);
        if (known.defined()) value = at::where(pixel(known), pixel(given), value);
        if (walk) walk->put(j, value);
        pixel(x).copy_(value);
      }
    }
    return x;
  }

  PixelCnnConfig config_;
  DataShape shape_;
  at::Generator generator_;
  std::shared_ptr<nn::PixelNetwork> network_;
};

Fault check_pixelcnn(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<PixelCnnConfig>(recipe);
  if (config.first_kernel % 2 == 0) {
    return {"a window has its pixel in the middle, so its side is odd",
            {fmt::format("model.first_kernel={}", config.first_kernel + 1)}};
  }
  if (config.kernel % 2 == 0) {
    return {"a window has its pixel in the middle, so its side is odd",
            {fmt::format("model.kernel={}", config.kernel + 1)}};
  }
  if (config.output == "binary" && shape.channels > 1) {
    return {"black and white images have one channel", {"model.output=logistics"}};
  }
  return {};
}

}  // namespace

ModelInfo pixelcnn() {
  return describe<PixelCnn, PixelCnnConfig>({
      .name = "pixelcnn",
      .family = "autoregressive",
      .summary = "plain or gated PixelCNN: exact likelihood, pixel by pixel, binary or 256 levels",
      .paper = "van den Oord et al., Conditional Image Generation with PixelCNN Decoders, NIPS 2016; van den "
               "Oord, Kalchbrenner & Kavukcuoglu, Pixel Recurrent Neural Networks, ICML 2016",
      .capabilities = {Capability::sampler, Capability::completer, Capability::density, Capability::scorer},
      .players = {{"pixelcnn", {.lr = 1e-3}}},
      .check = check_pixelcnn,
      .tiny = {"model.width=8", "model.blocks=1", "model.head=8"},
      .variants = {"model.stack=plain", "model.output=logistics", "model.binarise=threshold"},
  });
}

}  // namespace belamy::models
