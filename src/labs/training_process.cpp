// Figure 1 of Goodfellow et al. 2014: the library's GAN on the line, at four moments.
#include <cmath>
#include <limits>

#include "belamy/recipe.h"

#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/line.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "metrics/transport.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

constexpr int kBins = 120;
constexpr std::int64_t kQuantiles = 20000;

/// The content of the figure at one moment.
struct Moment {
  std::string name;
  std::vector<double> model, judged;  // density of the model and D, at the middle of each bin
  std::vector<double> z, mapped;      // some latents and their samples
  double distance = 0;                // W1
};

class Observer {
 public:
  Observer(const LineMixture& data, bool uniform, double low, double high)
      : data_(data), low_(low), high_(high), uniform_(uniform) {
    for (int i = 0; i < kBins; ++i) middle_.push_back(low + width() * (i + 0.5));
    // Quantiles instead of draws, so that the figure has no sampling noise.
    const auto share = (torch::arange(kQuantiles, torch::kFloat64) + 0.5) / kQuantiles;
    latents_ = latents(share);
    auto generator = at::make_generator<at::CPUGeneratorImpl>(1);
    real_ = data.sample(kQuantiles, generator).squeeze(1);
  }

  Moment look(const std::string& name, Session& session) const {
    const ModelState::Evaluation evaluation(session.state());
    auto& model = session.state().model();
    Moment moment;
    moment.name = name;
    const auto samples = model.decoder()->decode(latents_).squeeze(1);
    moment.distance = wasserstein_1d(samples, real_);
    moment.model.assign(kBins, 0);
    for (const double x : values_of(samples)) {
      const double bin = (x - low_) / width();
      if (bin >= 0 && bin < kBins) moment.model[static_cast<std::size_t>(bin)] += 1 / (kQuantiles * width());
    }
    // D = sigmoid(t), and the score is -t.
    moment.judged = values_of(torch::sigmoid(-model.scorer()->score(column(middle_))));
    const auto few = latents((torch::arange(33, torch::kFloat64) + 0.5) / 33);
    moment.z = values_of(few);
    moment.mapped = values_of(model.decoder()->decode(few));
    return moment;
  }

  /// Mean of |D - p_d / (p_d + p_m)| over both densities.
  double from_best(const Moment& moment) const {
    double sum = 0;
    for (std::size_t i = 0; i < middle_.size(); ++i) {
      const double p = data_.density(middle_[i]), q = moment.model[i];
      if (p + q > 0) sum += std::abs(moment.judged[i] - p / (p + q)) * (p + q) / 2 * width();
    }
    return sum;
  }
  /// Mean of |D - 1/2| over the data.
  double from_half(const Moment& moment) const {
    double sum = 0;
    for (std::size_t i = 0; i < middle_.size(); ++i)
      sum += std::abs(moment.judged[i] - 0.5) * data_.density(middle_[i]) * width();
    return sum;
  }

  LabFrame densities(const Moment& moment) const {
    LabSeries best{"p_d / (p_d + p_m)", {}, {}, LabSeries::Style::line, true};
    for (std::size_t i = 0; i < middle_.size(); ++i) {
      const double p = data_.density(middle_[i]), q = moment.model[i];
      if (p + q < 0.01) continue;
      best.x.push_back(middle_[i]);
      best.y.push_back(p / (p + q));
    }
    return {moment.name,
            {{"model", middle_, moment.model, LabSeries::Style::steps},
             {"discriminator D", middle_, moment.judged},
             best}};
  }
  static LabFrame arrows(const Moment& moment) {
    LabSeries lines{"from z to G(z)", {}, {}};
    for (std::size_t i = 0; i < moment.z.size(); ++i) {
      const double gap = std::numeric_limits<double>::quiet_NaN();
      for (const double x : {moment.z[i], moment.mapped[i], gap}) lines.x.push_back(std::isnan(x) ? 0 : x);
      for (const double y : {0.0, 1.0, gap}) lines.y.push_back(y);
    }
    return {moment.name, {lines}};
  }
  LabSeries data() const {
    return curve("data", middle_, [&](double x) { return data_.density(x); });
  }

 private:
  double width() const { return (high_ - low_) / kBins; }
  Tensor latents(const Tensor& share) const {
    const auto z = uniform_ ? 2 * share - 1 : torch::erfinv(2 * share - 1) * std::sqrt(2.0);
    return z.to(torch::kFloat32).unsqueeze(1);
  }

  LineMixture data_;
  double low_, high_;
  bool uniform_;
  std::vector<double> middle_;
  Tensor latents_, real_;
};

std::unique_ptr<Recipe> recipe(const Lab& lab) {
  const auto steps = lab.integer("steps");
  return Recipe::parse(
      fmt::format(R"(
[model]
name = "gan"
latent = 1
prior = "{}"
objective = "{}"
generator = [32, 32]
discriminator = [64, 64]
unit = "leaky-relu"
dropout = 0.0
generator_norm = "none"
r1 = {}
[train]
batch = 256
seed = {}
device = "cpu"
[optimizer.discriminator]
lr = {}
[optimizer.generator]
lr = {}
average = 0.0
[[stage]]
name = "opening"
steps = {}
[[stage]]
name = "discriminator alone"
steps = {}
optimizer.generator.lr = 0.0
[[stage]]
name = "generator alone"
steps = {}
optimizer.discriminator.lr = 0.0
[[stage]]
name = "game"
steps = {}
optimizer.generator.schedule = "linear"
optimizer.discriminator.schedule = "linear"
)",
                  lab.text("latent"), lab.text("objective"), lab.number("r1"), lab.integer("seed"),
                  lab.number("critic_rate"), lab.number("generator_rate"), lab.integer("opening"),
                  lab.integer("alone"), lab.integer("turn"), steps),
      "the lab training-process");
}

}  // namespace

void training_process(Lab& lab) {
  const OneThread one_thread;
  const bool two_modes = lab.text("data") == "two-modes";
  const LineMixture data = two_modes ? LineMixture{{{-1, 0.35}, {1.5, 0.35}}} : LineMixture{{{1.5, 0.5}}};
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  const auto settings = recipe(lab);
  Session session(*settings, dataset_of(data.sample(20000, generator), "line"), torch::kCPU);
  const Observer observer(data, lab.text("latent") == "uniform", -3, 4);

  std::vector<Moment> moments;
  std::vector<double> step, distance, half;
  const auto notice = [&](const Moment& moment) {
    step.push_back(static_cast<double>(session.step()));
    distance.push_back(moment.distance);
    half.push_back(observer.from_half(moment));
  };
  const auto play = [&](std::int64_t steps) {
    for (std::int64_t i = 0; i < steps; ++i) {
      session.run_step();
      if (session.step() % std::max<std::int64_t>(1, lab.integer("steps") / 100) == 0)
        notice(observer.look("", session));
    }
  };
  notice(observer.look("", session));
  for (const auto& [name, steps] : {std::pair{"(a) opening", lab.integer("opening")},
                                    std::pair{"(b) the discriminator trained on", lab.integer("alone")},
                                    std::pair{"(c) the generator's turn", lab.integer("turn")},
                                    std::pair{"(d) the end", lab.integer("steps")}}) {
    lab.say(name);
    play(steps);
    moments.push_back(observer.look(name, session));
  }
  notice(moments.back());

  lab.measure("best", observer.from_best(moments[1]));
  lab.measure("still", std::abs(moments[1].distance - moments[0].distance));
  lab.measure("uphill", moments[2].distance / moments[1].distance);
  lab.measure("half", observer.from_half(moments[3]));
  lab.measure("distance", moments[3].distance / distance.front());

  LabChart curves{{"x"}, {"density; probability of being real", false, 0, 1.2}, {observer.data()}, {}};
  LabChart arrows{{"z below, x above", false, -3, 4}, {"", false, 0, 1}, {}, {}};
  for (const auto& moment : moments) {
    curves.frames.push_back(observer.densities(moment));
    arrows.frames.push_back(Observer::arrows(moment));
  }
  lab.chart(
      "The four moments",
      "Move the slider from (a) to (d). The dashed line is the best discriminator for the two densities.",
      std::move(curves));
  lab.chart("The mapping of z",
            "Evenly spread latents below, their samples above: the model is dense where lines are close.",
            std::move(arrows));
  lab.chart("Distance of model and data", "The earth mover's distance, in units of x.",
            {{"step"}, {"W₁", true}, {{"W₁", step, distance}}});
  lab.chart("How far the discriminator is from one half", "Mean of $|D - \\frac12|$ over the data.",
            {{"step"}, {"mean |D - ½|"}, {{"mean |D - ½|", step, half}}});
}

}  // namespace belamy::labs
