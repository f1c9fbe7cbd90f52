// Denoising diffusion: Ho, Jain & Abbeel 2020 (arXiv:2006.11239), with the cosine schedule of Nichol &
// Dhariwal 2021 (arXiv:2102.09672), predictions of x_0 and v (Salimans & Ho 2022, arXiv:2202.00512), samplers
// of few steps (Song et al. 2021, arXiv:2010.02502; Lu et al. 2022, arXiv:2206.00927; Karras et al. 2022,
// arXiv:2206.00364), guidance without a classifier (Ho & Salimans 2022, arXiv:2207.12598), and completion by
// resampling (Lugmayr et al. 2022, arXiv:2201.09865).
//
//   min  E |noise - f(alpha_t x_0 + sigma_t noise, t)|^2,   t from 1, ..., T, noise from N(0, 1)
//
// or the same with x_0 or v in place of the noise. With weighting=bound each t has its weight in the bound on
// the likelihood. With learn_variance the network also says how large the variance of a reverse step is, for
// each value, and learns it from the bound (Nichol & Dhariwal, eq. 15 and 16):
//
//   min  simple + 0.001 bound,   bound in bits for each value; its gradient does not reach the mean
//
// Departures: as many residual blocks up as down, and no skip connection from the layers that halve the
// sides; the time embedding gives scale and shift in place of an added bias, as in Nichol & Dhariwal; x_0 is
// clipped to the range of images in every sampler (use.clip). Points are scaled to mean 0 and deviation 1,
// measured on the first batch, and the network is a multilayer perceptron.

#include "objectives/diffusion.h"

#include <fmt/format.h>
#include <numbers>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/recipe.h"

#include "models/shared/labels.h"
#include "nn/draws.h"
#include "nn/unet.h"

namespace belamy::models {
namespace {

constexpr double kTimes = 1000;     // the network sees times from 0 to below 1000, whatever T
constexpr double kOfBound = 0.001;  // the weight of the bound from which the variance is learned

struct DiffusionConfig : ModelConfig {
  std::int64_t width = 32;
  std::vector<std::int64_t> multipliers = {1, 2, 2};
  std::int64_t blocks = 1;
  std::int64_t attention = 7;
  std::int64_t patch = 1;
  double dropout = 0;
  std::int64_t timesteps = 1000;
  std::string schedule = "linear";
  std::string prediction = "noise";
  std::string weighting = "simple";
  bool learn_variance = false;
  std::string condition = "labels";
  double drop = 0.1;
  // Settings of use.
  std::int64_t steps = 50;
  std::string solver = "ddim";
  double eta = 0;
  std::string variance = "small";
  double guidance = 0;
  bool clip = true;
  std::int64_t resamples = 5;
  std::int64_t bound_times = 10;

  void fields(Fields& f) override {
    f.add("width", width, {4, 1024}, "channels of the first level, or units of a hidden layer for points");
    f.add("multipliers", multipliers, {1, 16},
          "channels of each level, relative to width; between levels even sides are halved");
    f.add("blocks", blocks, {1, 16},
          "residual blocks of each level going down, and as many going up; for points: of the whole network");
    f.add("attention", attention, {0, 1024},
          "feature maps whose longer side is at most this get attention; 0: none", "pixels");
    f.add("patch", patch, {1, 8}, "side of the squares of pixels that become one place of the first level",
          "pixels");
    f.add("dropout", dropout, {0, 0.95}, "dropout rate in residual blocks");
    f.add("timesteps", timesteps, {2, 10000}, "T, the steps from the data to noise");
    f.add("schedule", schedule, objectives::NoiseSchedule::names(), "how the noise grows with time");
    f.add("prediction", prediction, objectives::prediction_names(),
          "what the network predicts; velocity: v = alpha noise - sigma x_0");
    f.add("weighting", weighting, std::vector<std::string>{"simple", "bound"},
          "weight of each time in the loss; simple: 1; bound: its weight in the bound on the likelihood");
    f.add("learn_variance", learn_variance,
          "learn the variance of a reverse step, for each value; ddpm and the bound use it");
    f.add("condition", condition, std::vector<std::string>{"labels", "none"},
          "what the network is given; labels: the class, if the data have labels");
    f.add("drop", drop, {0.001, 0.9},
          "share of the labels that are left out in training, so that the network also learns the "
          "unconditional model that guidance needs");
  }
  void use_fields(Fields& f) override {
    f.add("steps", steps, {1, 10000},
          "steps from noise to a sample, at most T; heun and dpm2 evaluate the network twice in each");
    f.add("solver", solver, objectives::solver_names(),
          "how a step is made; ddpm: with noise, whose size is set by variance");
    f.add("eta", eta, {0, 1}, "noise of ddim's steps; 0: none, 1: that of the posterior");
    f.add(
        "variance", variance, std::vector<std::string>{"small", "large"},
        "variance of ddpm's steps, and of the steps in the bound, if it is not learned; small: the posterior's, "
        "large: beta");
    f.add(
        "guidance", guidance, {0, 100},
        "w in (1 + w) conditional - w unconditional; 0: the conditional model; larger: samples more typical "
        "of the class");
    f.add("clip", clip, "in each step, clip the prediction of an image to [-1, 1]");
    f.add("resamples", resamples, {1, 1000},
          "number of times that each step is made when an image is completed");
    f.add("bound_times", bound_times, {0, 10000},
          "number of times t drawn for each datum in the bound on its likelihood; 0: all");
  }
};

class Diffusion final : public Model, public Sampler, public Density, public Completer {
 public:
  Diffusion(const DataShape& shape, const DiffusionConfig& config, at::Generator generator)
      : config_(config),
        shape_(shape),
        classes_(config.condition == "labels" && shape.classes > 1 ? shape.classes : 0),
        schedule_(config.schedule, config.timesteps),
        prediction_(objectives::prediction_of(config.prediction)),
        terms_(schedule_, bound_options()) {
    alphas_ = register_buffer("alphas", schedule_.alphas());
    sigmas_ = register_buffer("sigmas", schedule_.sigmas());
    if (config.weighting == "bound") weights_ = register_buffer("weights", loss_weights());
    if (shape.is_images()) {
      images_ = register_module("network",
                                std::make_shared<nn::UNet>(nn::UNetSettings{.channels = shape.channels,
                                                                            .height = shape.height,
                                                                            .width = shape.width,
                                                                            .base = config.width,
                                                                            .multipliers = config.multipliers,
                                                                            .blocks = config.blocks,
                                                                            .attention = config.attention,
                                                                            .patch = config.patch,
                                                                            .dropout = config.dropout,
                                                                            .outputs = outputs(),
                                                                            .classes = classes_},
                                                           generator));
      add_player("denoiser", {images_});
    } else {
      points_ = register_module(
          "network", std::make_shared<nn::TimePerceptron>(shape.dimension, config.width, config.blocks,
                                                          outputs(), classes_, generator));
      centre_ = register_buffer("centre", torch::zeros({shape.dimension}));
      scale_ = register_buffer("scale", torch::ones({shape.dimension}));
      add_player("denoiser", {points_});
    }
  }

  // Ho et al. 2020, algorithm 1.
  void step(const Batch& batch, StepContext& context) override {
    auto generator = context.generator();
    if (context.step() == 0 && !shape_.is_images()) measure(batch.data);
    const auto data = scaled(batch.data);
    const auto times = torch::randint(1, config_.timesteps + 1, {data.size(0)}, generator,
                                      alphas_.options().dtype(torch::kLong));
    const auto alpha = at_times(alphas_, times), sigma = at_times(sigmas_, times);
    const auto noise = nn::normal_like(data, 1, generator);
    const auto labels =
        classes_ > 0 ? objectives::drop_labels(batch.labels, classes_, config_.drop, generator) : Tensor();
    const auto x = data * alpha + noise * sigma;
    const auto [found, share] = predict(x, times, labels);
    const auto errors = (found - objectives::predicted(prediction_, data, noise, alpha, sigma)).square();
    const auto simple = errors.mean();
    auto loss = weights_.defined() ? (errors * at_times(weights_, times)).mean() : simple;
    context.record("loss/prediction", simple);
    if (weights_.defined()) context.record("loss/bound", loss);
    if (share.defined()) {
      const auto mean = objectives::data_in(prediction_, found.detach(), x, alpha, sigma);
      const auto bound = terms_({mean, share}, data, times).mean() * (schedule_.steps() / std::numbers::ln2);
      context.record("loss/variance", bound);
      loss = loss + kOfBound * bound;
    }
    context.update("denoiser", loss);
  }

  Sampler* sampler() override { return this; }
  Density* density() override { return this; }
  Completer* completer() override { return shape_.is_images() ? this : nullptr; }

  bool conditional() const override { return classes_ > 0; }
  Tensor sample(const SampleRequest& request) override { return chain(request, 1)[0]; }
  Tensor chain(const SampleRequest& request, std::int64_t frames) override {
    const auto denoise = denoiser(classes_ > 0 ? asked_labels(request, classes_) : Tensor());
    const auto levels = schedule_.spread(config_.steps, objectives::is_second_order(solver().solver));
    const auto steps = static_cast<std::int64_t>(levels.size()) - 1;
    auto x = noise_for(request.count, request.generator);
    std::vector<Tensor> seen;
    for (std::int64_t k = 0; k < steps; ++k) {
      request.report(k, steps);
      x = advance(denoise, x, levels, k, solver(), request.generator);
      while (static_cast<std::int64_t>(seen.size() + 1) * steps <= (k + 1) * frames)
        seen.push_back(data_of(x));
    }
    return torch::stack(seen);
  }

  // Each step is made several times, with noise added back in between, so that the unknown part adapts to the
  // known one: Lugmayr et al. 2022, algorithm 1, with jumps of one step.
  Tensor complete(const Tensor& data, const Tensor& known, const SampleRequest& request) override {
    const bool told = classes_ > 0 && request.condition.labels.defined();
    const auto denoise = denoiser(told ? request.condition.labels.to(data.device()) : unknown(data.size(0)));
    auto generator = request.generator;
    const auto levels = schedule_.spread(config_.steps);
    const auto steps = static_cast<std::int64_t>(levels.size()) - 1;
    const auto given = (known > 0.5).expand_as(data);
    const objectives::SolverOptions ancestral{.solver = objectives::Solver::ddpm};
    auto x = noise_for(data.size(0), generator);
    for (std::int64_t k = 0; k < steps; ++k) {
      const auto &from = levels[static_cast<std::size_t>(k)], &to = levels[static_cast<std::size_t>(k) + 1];
      for (std::int64_t again = config_.resamples - 1; again >= 0; --again) {
        request.report(k * config_.resamples + config_.resamples - 1 - again, steps * config_.resamples);
        const auto there = data * to.alpha + nn::normal_like(data, 1, generator) * to.sigma;
        x = at::where(given, there, advance(denoise, x, levels, k, ancestral, generator));
        if (again == 0) break;
        x = x * (from.alpha / to.alpha) +
            nn::normal_like(x, std::sqrt(objectives::forward_variance(from, to)), generator);
      }
    }
    return at::where(given, data, data_of(x));
  }

  Kind kind() const override { return Kind::lower_bound; }
  std::int64_t levels() const override { return shape_.is_images() ? 256 : 0; }
  Tensor log_likelihood(const Tensor& data, at::Generator generator, std::int64_t) override {
    const auto none = unknown(data.size(0));
    const auto denoise = [&](const Tensor& x, const Tensor& times) {
      const auto [found, share] = predict(x, times, none);
      return objectives::Estimate(clipped(objectives::data_in(prediction_, found, x, at_times(alphas_, times),
                                                              at_times(sigmas_, times))),
                                  share);
    };
    const auto parts = objectives::bound_parts(schedule_, denoise, scaled(data), bound_options(), generator);
    const auto stretch = shape_.is_images() ? 0.0 : scale_.log().sum().item<double>();
    const auto mean = [](const Tensor& part) { return part.mean().item<double>(); };
    how_ = fmt::format(
        "bound of {} reverse steps, computed at {} of their times; means over the last {} data: "
        "L_T = {:.4g}, L_1 + ... + L_(T-1) = {:.5g}, L_0 = {:.5g} nats",
        config_.timesteps, config_.bound_times == 0 ? "all" : fmt::format("{}", config_.bound_times),
        data.size(0), mean(parts.prior), mean(parts.transitions), mean(parts.data) + stretch);
    return parts.bound() - stretch;
  }
  std::string how() const override { return how_; }

 private:
  // For points: takes mean and deviation of the first batch.
  void measure(const Tensor& data) {
    const torch::NoGradGuard no_grad;
    const auto deviation = data.std(0, /*unbiased=*/false);
    centre_.copy_(data.mean(0));
    scale_.copy_(at::where(deviation > 1e-6, deviation, torch::ones_like(deviation)));
  }
  Tensor scaled(const Tensor& data) const { return shape_.is_images() ? data : (data - centre_) / scale_; }
  Tensor data_of(const Tensor& x) const { return shape_.is_images() ? x.clamp(-1, 1) : x * scale_ + centre_; }
  Tensor clipped(const Tensor& data) const {
    return config_.clip && shape_.is_images() ? data.clamp(-1, 1) : data;
  }

  // [T + 1] -> the entries of times [N], to be multiplied with data.
  Tensor at_times(const Tensor& table, const Tensor& times) const {
    const auto each = table.index_select(0, times);
    return shape_.is_images() ? each.view({-1, 1, 1, 1}) : each.view({-1, 1});
  }

  // What the network says at times [N].
  struct Said {
    Tensor found;  // the noise, x_0 or v
    Tensor share;  // as in Estimate
  };
  Said predict(const Tensor& x, const Tensor& times, const Tensor& labels) {
    const auto place = (times.to(torch::kFloat) - 1) * (kTimes / static_cast<double>(config_.timesteps));
    const auto out = images_ ? images_->forward(x, place, labels) : points_->forward(x, place, labels);
    if (!config_.learn_variance) return {out, {}};
    const auto halves = out.chunk(2, 1);
    return {halves[0], (halves[1] + 1) / 2};
  }
  std::int64_t outputs() const { return config_.learn_variance ? 2 : 1; }

  // x_0 given the labels [N], with guidance; the class `classes_` stands for none.
  objectives::Denoiser denoiser(const Tensor& labels) {
    return [this, labels](const Tensor& x, const objectives::NoiseLevel& level) {
      const bool guides = config_.guidance > 0 && labels.defined();
      const auto rows = guides ? at::cat({x, x}) : x;
      const auto classes = guides ? at::cat({labels, torch::full_like(labels, classes_)}) : labels;
      auto [found, share] = predict(rows, torch::full({rows.size(0)}, level.time, x.options()), classes);
      if (guides) {
        const auto halves = found.chunk(2);
        found = objectives::guided(halves[0], halves[1], config_.guidance);
        if (share.defined()) share = share.chunk(2)[0];
      }
      return objectives::Estimate(
          clipped(objectives::data_in(prediction_, found, x, level.alpha, level.sigma)), share);
    };
  }

  Tensor advance(const objectives::Denoiser& denoise, const Tensor& x,
                 const std::vector<objectives::NoiseLevel>& levels, std::int64_t k,
                 const objectives::SolverOptions& options, at::Generator generator) const {
    const auto middle = [this](double ratio) { return schedule_.at_ratio(ratio); };
    const auto place = static_cast<std::size_t>(k);
    return objectives::solver_step(denoise, x, levels[place], levels[place + 1], options, middle, generator);
  }

  objectives::SolverOptions solver() const {
    return {.solver = objectives::solver_of(config_.solver),
            .eta = config_.eta,
            .large_variance = config_.variance == "large"};
  }
  objectives::BoundOptions bound_options() const {
    return {.levels = levels(), .large_variance = config_.variance == "large", .times = config_.bound_times};
  }

  // The weight of a prediction's squared error in the bound, nats for each value: [T + 1]. The bound is a sum
  // over T steps, and a training step draws one of them: hence the factor T.
  Tensor loss_weights() const {
    const auto of_data = objectives::bound_weights(schedule_, bound_options());
    const auto alpha = schedule_.alphas(), sigma = schedule_.sigmas();
    const auto weights = of_data * static_cast<double>(schedule_.steps());
    switch (prediction_) {
      case objectives::Prediction::noise: return weights * (sigma / alpha).square();
      case objectives::Prediction::velocity: return weights * sigma.square();
      case objectives::Prediction::data: break;
    }
    return weights;
  }

  Tensor noise_for(std::int64_t count, at::Generator generator) const {
    return nn::normal_like(torch::empty(shape_.sizes(count), alphas_.options()), 1, generator);
  }
  // The labels of data of which no class is known; undefined without classes.
  Tensor unknown(std::int64_t count) const {
    return classes_ > 0 ? torch::full({count}, classes_, alphas_.options().dtype(torch::kLong)) : Tensor();
  }

  DiffusionConfig config_;
  DataShape shape_;
  std::int64_t classes_;  // 0: not conditioned on a class
  objectives::NoiseSchedule schedule_;
  objectives::Prediction prediction_;
  objectives::BoundTerms terms_;
  std::shared_ptr<nn::UNet> images_;  // one of the two
  std::shared_ptr<nn::TimePerceptron> points_;
  Tensor alphas_, sigmas_;  // [T + 1]
  Tensor weights_;          // [T + 1], undefined with weighting=simple
  Tensor centre_, scale_;   // [D], of points
  std::string how_;
};

Fault check_diffusion(const DataShape& shape, const Recipe& recipe) {
  const auto& config = config_of<DiffusionConfig>(recipe);
  if (shape.is_images() && (shape.height % config.patch != 0 || shape.width % config.patch != 0)) {
    return {fmt::format("squares of {} pixels do not divide images of {}x{}", config.patch, shape.height,
                        shape.width),
            {"model.patch=1"}};
  }
  if (config.condition == "labels" && shape.classes > 1 && recipe.data.labelled > 0) {
    return {"it needs all labels or none", {"model.condition=none", "data.labelled=0"}};
  }
  if (config.multipliers.empty()) return {"the network needs a level", {"model.multipliers=[1]"}};
  return {};
}

}  // namespace

ModelInfo diffusion() {
  return describe<Diffusion, DiffusionConfig>({
      .name = "diffusion",
      .family = "diffusion",
      .summary =
          "denoising diffusion with a U-Net: any class, few or many steps, guidance, completion, a bound",
      .paper = "Ho, Jain & Abbeel, Denoising Diffusion Probabilistic Models, NeurIPS 2020",
      .capabilities = {Capability::sampler, Capability::conditional_sampler, Capability::completer,
                       Capability::density},
      .players = {{"denoiser", {.lr = 2e-4, .clip = 1, .warmup = 500, .average = 0.9999}}},
      .points = true,
      .check = check_diffusion,
      .tiny = {"model.width=16", "model.multipliers=[1, 2]", "model.patch=2", "model.timesteps=40",
               "model.attention=4", "use.steps=8", "use.bound_times=3", "use.resamples=2",
               "optimizer.denoiser.warmup=0"},
      .variants = {"model.schedule=cosine", "model.prediction=velocity", "model.prediction=data",
                   "model.weighting=bound", "model.learn_variance=true", "model.patch=1", "model.dropout=0.1",
                   "model.condition=none", "model.blocks=2", "model.attention=0"},
      .defaults = {"train.batch=128"},
  });
}

}  // namespace belamy::models
