// Normalising flows: NICE, Dinh, Krueger & Bengio 2015 (arXiv:1410.8516); RealNVP, Dinh, Sohl-Dickstein &
// Bengio 2017 (arXiv:1605.08803); Glow, Kingma & Dhariwal 2018 (arXiv:1807.03039).
//
//   max  E log p(x),   log p(x) = log p_u(f(x)) + log |det df/dx|
//
// f is invertible and has as many outputs as inputs; p_u is the standard Gaussian or logistic distribution, or
// Student's (Alexanderson & Henter 2020, arXiv:2006.06599): with a Gaussian, a few images with a light pixel where
// the training images have none can cost more than all others together.
// Images are dequantised, x' = (byte + noise) / 256 with uniform noise, so that a density on [0, 1] fits them;
// with `logit` = a > 0 the flow sees logit(a + (1 - 2a) x'), and the log-derivative of this map is added to
// log p. The defaults are a small Glow with RealNVP's scale, which learns faster. The papers' models:
//
//   NICE:    network=dense halves=alternate coupling=additive mixing=swap actnorm=false prior=logistic
//   RealNVP: mixing=swap checkerboard=3 logit=0.05; points: network=dense mixing=swap
//   Glow:    coupling=sigmoid
//
// The values that are factored out between levels pass one more affine coupling, whose scale and shift depend
// on the values that go on. So their prior is a Gaussian (or logistic) with learned mean and scale. A last
// ActNorm does the same for the top level.
//
// Departures: the networks of couplings have three convolutions, as in Glow, for RealNVP too; ActNorm in
// place of batch norm. Inside these networks, weight normalisation that starts from the data replaces
// ActNorm, and the last layer has no further learned gain. No padding channel marks the image's edge.

#include "nn/flow.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "core/text.h"
#include "models/shared/code_networks.h"
#include "nn/draws.h"
#include "objectives/likelihood.h"

namespace belamy::models {
namespace {

constexpr std::uint64_t kFlowScoreSeed = 20150410;  // of the dequantisation for a score

struct FlowConfig : ModelConfig {
  std::string network = "convolutional";
  std::vector<std::int64_t> hidden = {64, 64};
  std::vector<std::int64_t> last_hidden = {};
  std::int64_t levels = 2;
  std::vector<std::int64_t> steps = {8};
  std::int64_t checkerboard = 0;
  std::string coupling = "tanh";
  std::string halves = "blocks";
  std::string mixing = "convolution";
  bool actnorm = true;
  std::string prior = "gaussian";
  double degrees = 20;
  double logit = 0;
  double temperature = 1;

  void fields(Fields& f) override {
    f.add("network", network, std::vector<std::string>{"convolutional", "dense"},
          "kind of layers in the couplings' networks; dense: on all values of a datum, without levels");
    f.add(
        "hidden", hidden, {1, 8192},
        "widths of the hidden layers of a coupling's network; convolutions: the first and last are 3x3, the "
        "others 1x1, and the widths double from level to level");
    f.add(
        "levels", levels, {1, 10},
        "times that the image's sides are halved, when convolutional; between two levels half of the values "
        "are factored out");
    f.add("last_hidden", last_hidden, {1, 8192},
          "widths of the hidden layers of dense couplings with swapped halves, which see all values of the "
          "last level; empty: the last level has convolutions like the others");
    f.add("steps", steps, {1, 1000},
          "couplings in each level, from fine to coarse; the last number also holds for further levels");
    f.add("checkerboard", checkerboard, {0, 1000},
          "further couplings on a checkerboard before each halving, when convolutional");
    f.add("coupling", coupling, std::vector<std::string>{"additive", "tanh", "sigmoid"},
          "scale in a coupling; additive: 1 (NICE), tanh: exp(g tanh(h)) with learned g (RealNVP), sigmoid: "
          "sigmoid(h + 2) (Glow)");
    f.add("halves", halves, std::vector<std::string>{"blocks", "alternate"},
          "halves of a dense coupling; blocks: first and second half, alternate: even and odd places");
    f.add("mixing", mixing, std::vector<std::string>{"swap", "reverse", "shuffle", "convolution"},
          "what is between couplings; swap: the halves change roles, reverse, shuffle: a fixed permutation "
          "of the channels, convolution: a learned invertible 1x1 convolution");
    f.add("actnorm", actnorm,
          "a learned scale and shift of each channel before each coupling, initialised from the first batch");
    f.add("prior", prior, std::vector<std::string>{"gaussian", "logistic", "student"},
          "distribution of the latents; student: nearly Gaussian, but with tails that forgive outliers");
    f.add("degrees", degrees, {1, 1e6}, "degrees of freedom of the Student prior; fewer: heavier tails");
    f.add("logit", logit, {0, 0.49},
          "a: the flow sees logit(a + (1 - 2a) x) of images x in [0, 1]; 0: it sees x");
  }
  void use_fields(Fields& f) override {
    f.add("temperature", temperature, {0, 10},
          "factor of the latents of samples; below 1: samples are more typical and less diverse");
  }

  nn::Scaling scaling() const {
    return coupling == "additive" ? nn::Scaling::none
           : coupling == "tanh"   ? nn::Scaling::tanh
                                  : nn::Scaling::sigmoid;
  }
};

// Builds f from the settings.
class FlowBuilder {
 public:
  FlowBuilder(const FlowConfig& config, at::Generator generator) : config_(config), generator_(generator) {}

  std::shared_ptr<nn::Flow> dense(std::int64_t values, bool images) {
    const Kind kind{true, images, config_.hidden, config_.mixing};
    auto flow = std::make_shared<nn::Flow>();
    if (config_.halves == "alternate")
      flow->add("halves", std::make_shared<nn::Permutation>(nn::Permutation::evens_first(values)));
    add_steps(*flow, values, 0, kind);
    add_last(*flow, values, kind);
    return flow;
  }

  std::shared_ptr<nn::Flow> convolutional(std::int64_t channels, std::int64_t height, std::int64_t width,
                                          std::int64_t level = 0) {
    auto flow = std::make_shared<nn::Flow>();
    Kind kind{false, false, config_.hidden, config_.mixing};
    for (auto& each : kind.hidden) each <<= level;
    for (std::int64_t i = 0; i < config_.checkerboard; ++i) {
      const auto name = fmt::format("checkerboard-{}", i);
      if (config_.actnorm) flow->add(name + "-norm", std::make_shared<nn::ActNorm>(channels));
      flow->add(name, coupling(channels, i % 2 == 0 ? nn::Given::even : nn::Given::odd, kind));
    }
    flow->add("squeeze", std::make_shared<nn::Squeeze>());
    channels *= 4;
    height /= 2;
    width /= 2;
    if (level + 1 < config_.levels) {
      add_steps(*flow, channels, level, kind);
      const auto network = nn::convolutional_conditioner(channels / 2, {}, channels, generator_);
      flow->add("prior",
                std::make_shared<nn::Coupling>(channels, nn::Given::first, nn::Scaling::tanh, network));
      const auto rest = convolutional(channels / 2, height, width, level + 1);
      flow->add("split", std::make_shared<nn::Split>(channels, height, width, rest));
      return flow;
    }
    const auto flattening = std::make_shared<nn::Flattening>(channels, height, width);
    if (config_.last_hidden.empty()) {
      add_steps(*flow, channels, level, kind);
      add_last(*flow, channels, kind);
      flow->add("flatten", flattening);
    } else {
      flow->add("flatten", flattening);
      kind = {true, true, config_.last_hidden, "swap"};
      add_steps(*flow, channels * height * width, level, kind);
      add_last(*flow, channels * height * width, kind);
    }
    return flow;
  }

 private:
  struct Kind {  // of couplings, and what is between them
    bool dense;
    bool pixels;  // each channel is a place of an image
    std::vector<std::int64_t> hidden;
    std::string mixing;
  };

  void add_steps(nn::Flow& flow, std::int64_t channels, std::int64_t level, const Kind& kind) {
    const auto& all = config_.steps;
    const auto steps = all[std::min(static_cast<std::size_t>(level), all.size() - 1)];
    for (std::int64_t i = 0; i < steps; ++i) {
      const auto part = [&](const char* what) { return fmt::format("{}-{}", what, i); };
      if (config_.actnorm) flow.add(part("norm"), std::make_shared<nn::ActNorm>(channels, kind.pixels));
      if (kind.mixing == "convolution") {
        flow.add(part("mixing"), std::make_shared<nn::InvertibleConvolution>(channels, generator_));
      } else if (kind.mixing != "swap") {
        flow.add(part("mixing"),
                 std::make_shared<nn::Permutation>(kind.mixing == "reverse"
                                                       ? nn::Permutation::reversed(channels)
                                                       : nn::Permutation::shuffled(channels, generator_)));
      }
      const bool swapped = kind.mixing == "swap" && i % 2 == 1;
      flow.add(part("coupling"), coupling(channels, swapped ? nn::Given::second : nn::Given::first, kind));
    }
  }

  void add_last(nn::Flow& flow, std::int64_t channels, const Kind& kind) {
    if (config_.actnorm) {
      flow.add("last", std::make_shared<nn::ActNorm>(channels, kind.pixels));
    } else {
      flow.add("last", std::make_shared<nn::DiagonalScaling>(channels));
    }
  }

  std::shared_ptr<nn::Coupling> coupling(std::int64_t channels, nn::Given given, const Kind& kind) {
    const auto in = nn::Coupling::given_channels(channels, given);
    const auto out = nn::Coupling::outputs(channels, given, config_.scaling());
    auto network = kind.dense ? nn::dense_conditioner(in, kind.hidden, out, generator_)
                              : nn::convolutional_conditioner(in, kind.hidden, out, generator_);
    return std::make_shared<nn::Coupling>(channels, given, config_.scaling(), std::move(network));
  }

  const FlowConfig& config_;
  at::Generator generator_;
};

class FlowModel final : public Model,
                        public Sampler,
                        public Encoder,
                        public Decoder,
                        public Density,
                        public Scorer {
 public:
  FlowModel(const DataShape& shape, const FlowConfig& config, at::Generator generator)
      : config_(config), shape_(shape), generator_(generator) {
    FlowBuilder builder(config_, generator);
    flow_ = register_module("flow", config.network == "dense"
                                        ? builder.dense(shape.values(), shape.is_images())
                                        : builder.convolutional(shape.channels, shape.height, shape.width));
    add_player("flow", {flow_});
  }

  void step(const Batch& batch, StepContext& context) override {
    const auto x = dequantised(batch.data, context.generator());
    if (context.step() == 0) {
      const nn::DataStart start;
      flow_->map(transformed(x).value);
    }
    const auto loss = -log_density(x).mean();
    context.update("flow", loss);
    if (shape_.is_images()) {
      context.record("loss/bits-per-dimension",
                     loss / (static_cast<double>(shape_.values()) * std::numbers::ln2) + 8);
    } else {
      context.record("loss/negative-log-likelihood", loss);
    }
  }

  Sampler* sampler() override { return this; }
  Encoder* encoder() override { return this; }
  Decoder* decoder() override { return this; }
  Density* density() override { return this; }
  Scorer* scorer() override { return this; }

  Tensor sample(const SampleRequest& request) override {
    return decode(draw_latent(request.count, request.generator));
  }
  std::int64_t latent_size() const override { return shape_.values(); }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    const auto options = torch::TensorOptions().device(generator.device());
    const auto u = config_.prior == "logistic"
                       ? at::logit(torch::rand({n, latent_size()}, generator, options), 1e-7)
                       : torch::randn({n, latent_size()}, generator, options);
    if (config_.prior != "student") return u * config_.temperature;
    const double half = config_.degrees / 2;
    const auto variance =
        half / at::_standard_gamma(torch::full({n, latent_size()}, half, options), generator);
    return u * variance.sqrt() * config_.temperature;
  }
  Tensor decode(const Tensor& latents) override {
    auto x = flow_->inverse(latents);
    if (config_.network == "dense") x = x.view(shape_.sizes(x.size(0)));
    if (!shape_.is_images()) return x;
    if (const auto a = config_.logit; a > 0) x = (x.sigmoid() - a) / (1 - 2 * a);
    return from_unit(((x * 256 - 0.5) / 255).clamp(0, 1));
  }
  std::int64_t code_size() const override { return shape_.values(); }
  // At the middle of each byte's interval, so that decoding gives the datum back.
  Tensor encode(const Tensor& data) override {
    return flow_->map(transformed(dequantised(data)).value).value;
  }

  Kind kind() const override { return Kind::exact; }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    return log_density(dequantised(data, generator));
  }
  std::string how() const override {
    return shape_.is_images() ? "density of bytes made continuous by uniform noise, one draw for each" : "";
  }
  std::string score_name() const override { return "negative log-likelihood (nats)"; }
  // The same noise in every call, so that scores are reproducible and the run's generator is not touched.
  Tensor score(const Tensor& data) override {
    return -log_density(dequantised(data, nn::seeded_like(generator_, kFlowScoreSeed)));
  }

 private:
  // Images as (byte + noise) / 256 in [0, 1], with noise = 1/2 if there is no generator; points as they are.
  Tensor dequantised(const Tensor& data, c10::optional<at::Generator> generator = {}) const {
    if (!shape_.is_images()) return data;
    const auto bytes = to_unit(data) * 255;
    return (generator ? bytes + torch::rand(data.sizes(), *generator, data.options()) : bytes + 0.5) / 256;
  }

  // What the flow takes, and the log-determinant of this transformation, undefined if it is zero.
  nn::Mapped transformed(const Tensor& x) const {
    const auto in = config_.network == "dense" ? x.flatten(1) : x;
    if (!shape_.is_images() || config_.logit == 0) return {in, {}};
    const auto s = in * (1 - 2 * config_.logit) + config_.logit;
    const auto log_s = s.log(), log_rest = (-s).log1p();
    return {log_s - log_rest, (std::log1p(-2 * config_.logit) - log_s - log_rest).flatten(1).sum(1)};
  }

  // log p(x) of dequantised data: [N], nats.
  Tensor log_density(const Tensor& x) {
    const auto [in, log_derivative] = transformed(x);
    const auto [u, log_determinant] = flow_->map(in);
    auto sum = config_.prior == "gaussian"   ? objectives::normal_log_density(u)
               : config_.prior == "logistic" ? objectives::logistic_log_density(u)
                                             : objectives::student_log_density(u, config_.degrees);
    if (log_determinant.defined()) sum = sum + log_determinant;
    return log_derivative.defined() ? sum + log_derivative : sum;
  }

  FlowConfig config_;
  DataShape shape_;
  at::Generator generator_;
  std::shared_ptr<nn::Flow> flow_;
};

Fault check_flow(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<FlowConfig>(recipe);
  if (shape.values() < 2) return {"a flow's couplings need two values in a datum, and these data have one"};
  if (recipe.train.precision != "f32")
    return {"the inverse of a flow needs single precision", {"train.precision=f32"}};
  if (config.steps.empty()) return {"a flow without couplings learns nothing", {"model.steps=[8]"}};
  if (config.network == "dense") return {};
  if (!shape.is_images()) return {"convolutions need images", {"model.network=dense"}};
  std::int64_t halvings = 0;
  for (auto h = shape.height, w = shape.width; h % 2 == 0 && w % 2 == 0; h /= 2, w /= 2) ++halvings;
  if (halvings >= config.levels) return {};
  const auto size = fmt::format("{}x{} pixels", shape.width, shape.height);
  if (halvings == 0) return {size + " cannot be halved", {"model.network=dense"}};
  return {fmt::format("{} can be halved only {}", size, counted(halvings, "time")),
          {fmt::format("model.levels={}", halvings)}};
}

}  // namespace

ModelInfo flow() {
  return describe<FlowModel, FlowConfig>({
      .name = "flow",
      .family = "flow",
      .summary =
          "normalising flow of invertible layers with exact likelihood: NICE, RealNVP or Glow by its settings",
      .paper = "Kingma & Dhariwal, Glow: Generative Flow with Invertible 1x1 Convolutions, NeurIPS 2018",
      .capabilities = {Capability::sampler, Capability::decoder, Capability::encoder, Capability::density,
                       Capability::scorer},
      .players = {{"flow", {.lr = 1e-3}}},
      .points = true,
      .check = check_flow,
      .tiny = {"model.hidden=[16]", "model.steps=[2]"},
      .variants = {"model.network=dense", "model.coupling=additive", "model.coupling=sigmoid",
                   "model.mixing=swap", "model.mixing=reverse", "model.mixing=shuffle",
                   "model.last_hidden=[16]", "model.checkerboard=2", "model.levels=1", "model.actnorm=false",
                   "model.prior=logistic", "model.prior=student", "model.logit=0.05"},
  });
}

}  // namespace belamy::models
