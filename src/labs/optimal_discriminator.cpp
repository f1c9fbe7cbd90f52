// A discriminator trained on samples of two known densities, against p_d / (p_d + p_m) and its consequences.
// There is no generator.
#include <cmath>
#include <fmt/format.h>
#include <torch/optim/adam.h>

#include "labs/lab.h"
#include "labs/line.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "objectives/adversarial.h"

namespace belamy::labs {
namespace {

struct DensityPair {
  std::string name;  // normals by mean and variance
  LineMixture data, model;
};

std::vector<DensityPair> pairs() {
  return {
      {"N(0, 1) and N(1, 1)", {{{0, 1}}}, {{{1, 1}}}},
      {"N(0, 1) and N(2, 1)", {{{0, 1}}}, {{{2, 1}}}},
      {"N(0, 1) and N(0, 4)", {{{0, 1}}}, {{{0, 2}}}},
      {"two modes, and one of them", {{{-1.5, 0.75}, {1.5, 0.75}}}, {{{-1.5, 0.75}}}},
      {"two modes, and a wide normal", {{{-1.5, 0.75}, {1.5, 0.75}}}, {{{0, 2}}}},
  };
}

/// D on a fine grid, with the integrals over it.
struct Trained {
  std::vector<double> x, logit;

  double probability(std::size_t i) const { return 1 / (1 + std::exp(-logit[i])); }
};

struct Training {
  std::int64_t steps, batch, samples, width;
  double rate;
};

Trained train(const DensityPair& pair, const objectives::Labels& labels, const Training& how,
              std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto network = critic(1, {how.width, how.width}, "tanh", generator);
  const objectives::Adversarial objective("non-saturating", labels);
  torch::optim::Adam optimizer(network->parameters(), torch::optim::AdamOptions(how.rate));
  Tensor data, model;
  for (std::int64_t step = 0; step < how.steps; ++step) {
    if (how.samples == 0 || step == 0) {
      data = pair.data.sample(how.samples == 0 ? how.batch : how.samples, generator);
      model = pair.model.sample(how.samples == 0 ? how.batch : how.samples, generator);
    }
    const double left = 1 - static_cast<double>(step) / static_cast<double>(how.steps);
    static_cast<torch::optim::AdamOptions&>(optimizer.param_groups()[0].options()).lr(how.rate * left);
    optimizer.zero_grad();
    const auto outputs = network->forward(at::cat({data, model}));
    objective
        .discriminator(outputs.narrow(0, 0, data.size(0)), outputs.narrow(0, data.size(0), model.size(0)))
        .backward();
    optimizer.step();
  }
  torch::NoGradGuard no_grad;
  Trained made;
  made.x = places(std::min(pair.data.low(), pair.model.low()), std::max(pair.data.high(), pair.model.high()),
                  4001);
  made.logit = values_of(network->forward(column(made.x)));
  return made;
}

/// E(D) over the densities themselves, by the trapezoidal rule, without sampling noise.
double expected_loss(const DensityPair& pair, const Trained& trained, const objectives::Labels& labels) {
  double sum = 0;
  for (std::size_t i = 0; i < trained.x.size(); ++i) {
    const double as_real = softplus(-trained.logit[i]), as_fake = softplus(trained.logit[i]);
    sum += pair.data.density(trained.x[i]) * (labels.real * as_real + (1 - labels.real) * as_fake) +
           pair.model.density(trained.x[i]) * (labels.fake * as_real + (1 - labels.fake) * as_fake);
  }
  return sum * (trained.x[1] - trained.x[0]);
}

double best(const DensityPair& pair, const objectives::Labels& labels, double x) {
  // By the ratio of the densities, which stays finite where both underflow.
  const double share = 1 / (1 + std::exp(pair.model.log_density(x) - pair.data.log_density(x)));
  return labels.real * share + labels.fake * (1 - share);
}

/// Largest |D - D*| where the mean density is at least a hundredth of its maximum.
double curve_error(const DensityPair& pair, const Trained& trained, const objectives::Labels& labels) {
  std::vector<double> density;
  for (const double x : trained.x) density.push_back(pair.data.density(x) + pair.model.density(x));
  const double least = *std::max_element(density.begin(), density.end()) / 100;
  double worst = 0;
  for (std::size_t i = 0; i < density.size(); ++i) {
    if (density[i] >= least)
      worst = std::max(worst, std::abs(trained.probability(i) - best(pair, labels, trained.x[i])));
  }
  return worst;
}

LabChart picture(const DensityPair& pair, const Trained& trained, const objectives::Labels& labels) {
  LabChart chart{{"x"}, {"density; probability of being real", false, 0, 1}, {}, {}, false};
  const auto x = places(trained.x.front() / 1.6, trained.x.back() / 1.6, 241);
  LabSeries found{"trained D", {}, {}};
  for (std::size_t i = 0; i < trained.x.size(); i += 20) {
    if (trained.x[i] < x.front() || trained.x[i] > x.back()) continue;
    found.x.push_back(trained.x[i]);
    found.y.push_back(trained.probability(i));
  }
  chart.series = {curve("data", x, [&](double at) { return pair.data.density(at); }),
                  curve("model", x, [&](double at) { return pair.model.density(at); }), found,
                  curve(
                      "the formula", x, [&](double at) { return best(pair, labels, at); }, true)};
  return chart;
}

}  // namespace

void optimal_discriminator(Lab& lab) {
  const OneThread one_thread;
  const Training how{lab.integer("steps"), lab.integer("batch"), lab.integer("samples"), lab.integer("width"),
                     lab.number("rate")};
  const auto seed = static_cast<std::uint64_t>(lab.integer("seed"));
  const double log_4 = 2 * std::log(2.0);

  // The optimum and its value.
  double worst_curve = 0, worst_value = 0, least_excess = 1;
  LabTable values{{"data and model", "JS", "$2\\log 2 - 2\\,\\mathrm{JS}$", "loss of the trained D",
                   "largest error of D"},
                  {}};
  const objectives::Labels plain;
  for (const auto& pair : pairs()) {
    lab.say("training on " + pair.name);
    const auto trained = train(pair, plain, how, seed);
    const double js = js_divergence([&](double x) { return pair.data.log_density(x); },
                                    [&](double x) { return pair.model.log_density(x); }, trained.x.front(),
                                    trained.x.back());
    const double floor = log_4 - 2 * js, loss = expected_loss(pair, trained, plain);
    const double error = curve_error(pair, trained, plain);
    worst_curve = std::max(worst_curve, error);
    worst_value = std::max(worst_value, std::abs(loss - floor) / floor);
    least_excess = std::min(least_excess, loss - floor);
    values.rows.push_back({pair.name, fmt::format("{:.4f}", js), fmt::format("{:.4f}", floor),
                           fmt::format("{:.4f}", loss), fmt::format("{:.4f}", error)});
    lab.chart("Trained and best: " + pair.name, "", picture(pair, trained, plain));
  }
  lab.measure("curve", worst_curve);
  lab.measure("value", worst_value);
  lab.measure("bound", least_excess);
  lab.table("The loss of the best discriminator measures JS",
            "Normals by mean and variance. Loss and divergence in nats, both by integrating over the "
            "densities. The loss cannot be below the third column, since the trained loss is a bound.",
            std::move(values));

  // Equal distributions.
  const DensityPair equal{"equal", {{{0, 1}}}, {{{0, 1}}}};
  lab.say("training on equal distributions");
  lab.measure("equal", expected_loss(equal, train(equal, plain, how, seed), plain));

  // Label smoothing.
  const double a = lab.number("label_real"), b = lab.number("label_fake");
  const auto overlap = pairs()[1];
  const objectives::Labels one{a, 0}, two{a, b};
  lab.say("smoothing labels");
  const auto one_sided = train(overlap, one, how, seed), two_sided = train(overlap, two, how, seed);
  lab.measure("one-sided", curve_error(overlap, one_sided, one));
  lab.measure("two-sided", curve_error(overlap, two_sided, two));
  const auto smooth = train(equal, one, how, seed);
  double furthest = 0;
  for (std::size_t i = 0; i < smooth.x.size(); ++i) {
    if (std::abs(smooth.x[i]) < 2) furthest = std::max(furthest, std::abs(smooth.probability(i) - a / 2));
  }
  lab.measure("half", furthest);
  auto chart = picture(overlap, one_sided, one);
  chart.series[2].name = "one-sided";
  chart.series[3].name = "a p / (p + q)";
  auto other = picture(overlap, two_sided, two);
  other.series[2].name = "two-sided";
  other.series[3].name = "(a p + b q) / (p + q)";
  chart.series.push_back(other.series[2]);
  chart.series.push_back(other.series[3]);
  lab.chart(
      "Label smoothing",
      fmt::format(
          "Targets a = {:g} for data and b = 0 or {:g} for the model, on {}. With b the curve no longer "
          "falls to 0 where only the model has mass.",
          a, b, overlap.name),
      std::move(chart));
}

}  // namespace belamy::labs
