// The generator's signal: four costs as functions of D, what they minimise under the best discriminator, and
// their gradients while a discriminator improves against a fixed generator.
#include <cmath>
#include <torch/optim/adam.h>

#include "core/random.h"
#include "labs/lab.h"
#include "labs/perceptron.h"
#include "objectives/adversarial.h"

namespace belamy::labs {
namespace {

struct Cost {
  std::string objective, name, words;
  double (*value)(double d);
  double (*by_logit)(double d);
  double (*by_probability)(double d);
};

const std::vector<Cost>& costs() {
  static const std::vector<Cost> all = {
      {"minimax", "minimax", "$\\log(1-D)$", [](double d) { return std::log1p(-d); },
       [](double d) { return -d; }, [](double d) { return -1 / (1 - d); }},
      {"non-saturating", "non-saturating", "$-\\log D$", [](double d) { return -std::log(d); },
       [](double d) { return -(1 - d); }, [](double d) { return -1 / d; }},
      {"maximum-likelihood", "maximum likelihood", "$-\\frac{D}{1-D}$", [](double d) { return -d / (1 - d); },
       [](double d) { return -d / (1 - d); }, [](double d) { return -1 / ((1 - d) * (1 - d)); }},
      {"log-ratio", "log-ratio (reverse KL)", "$\\log\\frac{1-D}{D}$",
       [](double d) { return std::log((1 - d) / d); }, [](double) { return -1.0; },
       [](double d) { return -1 / (d * (1 - d)); }},
  };
  return all;
}

double relative(double got, double wanted) {
  return std::abs(got - wanted) / std::max(std::abs(wanted), 1e-12);
}

torch::Tensor variable(double value) {
  return torch::full({}, value, torch::TensorOptions(torch::kFloat64).requires_grad(true));
}

double logit(double d) {
  return std::log(d) - std::log1p(-d);
}

/// Derivative of the library's objective by f = logit(D), by automatic differentiation.
double derivative_by_logit(const Cost& cost, double d) {
  const auto f = variable(logit(d));
  return torch::autograd::grad({objectives::Adversarial(cost.objective).generator(f)}, {f})[0].item<double>();
}

double derivative_by_probability(const Cost& cost, double d) {
  const auto at = variable(d);
  const auto f = at.log() - torch::log1p(-at);
  return torch::autograd::grad({objectives::Adversarial(cost.objective).generator(f)}, {at})[0]
      .item<double>();
}

/// The costs alone, and their derivatives.
void exact_part(Lab& lab) {
  LabTable table{{"$D$", "cost", "value", "by $f$", "library", "by $D$", "library"}, {}};
  double logit_error = 0, probability_error = 0;
  for (const double d : {0.001, 0.01, 0.1, 0.5, 0.9, 0.99}) {
    for (const auto& cost : costs()) {
      const double f = derivative_by_logit(cost, d), p = derivative_by_probability(cost, d);
      logit_error = std::max(logit_error, relative(f, cost.by_logit(d)));
      probability_error = std::max(probability_error, relative(p, cost.by_probability(d)));
      table.rows.push_back({fmt::format("{}", d), cost.words, fmt::format("{:.6g}", cost.value(d)),
                            fmt::format("{:.6g}", cost.by_logit(d)), fmt::format("{:.6g}", f),
                            fmt::format("{:.6g}", cost.by_probability(d)), fmt::format("{:.6g}", p)});
    }
  }
  lab.measure("by_logit", logit_error);
  lab.measure("by_probability", probability_error);
  lab.measure("minimax_vanishes", std::abs(derivative_by_logit(costs()[0], 1e-6)));
  lab.measure("nonsaturating_stays", std::abs(derivative_by_logit(costs()[1], 1e-6)));

  LabChart values{{"D(G(z)), the discriminator's belief", false, 0, 1},
                  {"cost of one sample (nats)", false, -5, 5}};
  LabChart slopes{{"D(G(z)), the discriminator's belief", false, 0, 1},
                  {"derivative by the logit f", false, -5, 0}};
  LabChart naive{{"D(G(z)), the discriminator's belief", false, 0, 1}, {"derivative by D", false, -10, 0}};
  std::vector<double> d;
  for (int i = 1; i < 400; ++i) d.push_back(i / 400.0);
  for (const auto& cost : costs()) {
    const auto curve = [&](double (*of)(double)) {
      LabSeries series{cost.name, d, {}};
      for (const double at : d) series.y.push_back(of(at));
      return series;
    };
    values.series.push_back(curve(cost.value));
    slopes.series.push_back(curve(cost.by_logit));
    naive.series.push_back(curve(cost.by_probability));
  }
  lab.chart("The four costs", "The figure of the slide, with the log-ratio added.", std::move(values));
  lab.chart("What reaches the generator",
            "The derivative by the logit: at the left, where the generator loses, minimax and maximum "
            "likelihood give no gradient.",
            std::move(slopes));
  lab.chart("The derivative by D, which misleads",
            "By this curve minimax looks healthy at $D = 0$; the factor $dD/df = D(1-D)$ takes it away.",
            std::move(naive));
  lab.table("Values and derivatives",
            "The formula beside automatic differentiation of the library's objective.", std::move(table));
}

/// Integral over the line of a function that is smooth and negligible far from both 0 and `centre`.
template <typename F>
double integral(double centre, F f) {
  const double low = std::min(0.0, centre) - 12, high = std::max(0.0, centre) + 12;
  constexpr int nodes = 6000;
  double sum = 0;
  for (int i = 0; i <= nodes; ++i) sum += f(low + (high - low) * i / nodes);
  return sum * (high - low) / nodes;
}

/// The gradients under the best discriminator, between data N(gap, 1) and samples N(0, 1), by the
/// generator's shift.
void divergence_part(Lab& lab, double gap) {
  const auto log_density = [](double x, double mean) {
    return -0.5 * (x - mean) * (x - mean) - 0.5 * std::log(2 * M_PI);
  };
  // log((p + q) / 2) from the logarithms, since densities underflow.
  const auto log_middle = [](double a, double b) {
    return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))) - std::log(2.0);
  };
  const auto js = [&](double shift) {
    return integral(gap, [&](double x) {
      const double d = log_density(x, gap), m = log_density(x, shift), middle = log_middle(d, m);
      return 0.5 * (std::exp(d) * (d - middle) + std::exp(m) * (m - middle));
    });
  };
  const auto kl = [&](double shift) {
    return 0.5 * (gap - shift) * (gap - shift);
  };  // equal in both directions
  const auto slope = [](auto divergence) { return (divergence(1e-4) - divergence(-1e-4)) / 2e-4; };
  const double js_slope = slope(js), kl_slope = slope(kl);
  // f = gap x - gap^2 / 2 is held still while x = z + shift moves: d cost / d shift = E[c'(f)] gap.
  const auto gradient = [&](const Cost& cost) {
    return gap * integral(gap, [&](double x) {
             const double f = gap * x - gap * gap / 2, density = std::exp(log_density(x, 0));
             if (cost.objective == "maximum-likelihood") return -std::exp(f + log_density(x, 0));
             return density * cost.by_logit(1 / (1 + std::exp(-f)));
           });
  };
  lab.measure("minimax_is_js", std::abs(gradient(costs()[0]) - 2 * js_slope));
  lab.measure("nonsaturating_is_difference", std::abs(gradient(costs()[1]) - (kl_slope - 2 * js_slope)));
  lab.measure("maximum_likelihood_is_kl", std::abs(gradient(costs()[2]) - kl_slope));
  lab.measure("log_ratio_is_reverse_kl", std::abs(gradient(costs()[3]) - kl_slope));
}

void training_part(Lab& lab) {
  const double gap = lab.number("gap");
  const auto batch = lab.integer("batch"), width = lab.integer("width"), steps = lab.integer("steps");
  auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(lab.integer("seed")));
  const auto judge = perceptron({1, width, width, 1}, "leaky-relu", generator);
  torch::optim::Adam optimiser(judge->parameters(), torch::optim::AdamOptions(lab.number("rate")));
  const objectives::Adversarial loss("non-saturating");  // the discriminator's loss is that of all four
  // The generator that stands still: scale and shift of its noise.
  const auto scale = torch::ones({}).requires_grad_(true), shift = torch::zeros({}).requires_grad_(true);
  const auto held = at::randn({2000, 1}, generator), other = at::randn({2000, 1}, generator) + gap;

  std::vector<LabSeries> norms;
  for (const auto& cost : costs()) norms.push_back({cost.name, {}, {}});
  LabSeries belief{"mean D(G(z))", {}, {}}, right{"share told apart", {}, {}};
  for (std::int64_t step = 0; step <= steps; ++step) {
    if (step > 0) {
      const auto fake = at::randn({batch, 1}, generator), real = at::randn({batch, 1}, generator) + gap;
      optimiser.zero_grad();
      loss.discriminator(judge->forward(real), judge->forward(fake)).backward();
      optimiser.step();
    }
    if (step % std::max<std::int64_t>(1, steps / 200) != 0 && step != steps) continue;
    const auto at = static_cast<double>(step);
    const auto logits = judge->forward(held * scale + shift);
    for (std::size_t i = 0; i < costs().size(); ++i) {
      const auto cost = objectives::Adversarial(costs()[i].objective).generator(logits);
      const auto g = torch::autograd::grad({cost}, {scale, shift}, {}, true);
      norms[i].x.push_back(at);
      norms[i].y.push_back(std::hypot(g[0].item<double>(), g[1].item<double>()));
    }
    torch::NoGradGuard no_grad;
    belief.x.push_back(at);
    belief.y.push_back(logits.sigmoid().mean().item<double>());
    right.x.push_back(at);
    right.y.push_back(0.5 * ((logits < 0).to(torch::kFloat64).mean().item<double>() +
                             (judge->forward(other) > 0).to(torch::kFloat64).mean().item<double>()));
  }
  const auto kept = [](const LabSeries& series) {
    return series.y.back() / *std::max_element(series.y.begin(), series.y.end());
  };
  lab.measure("accuracy", right.y.back());
  lab.measure("minimax_falls", kept(norms[0]));
  lab.measure("maximum_likelihood_falls", kept(norms[2]));
  lab.measure("nonsaturating_keeps", kept(norms[1]));
  lab.chart("The gradient in training",
            fmt::format("Data at {}, samples at 0, both of deviation 1. The generator stands still; only the "
                        "discriminator learns.",
                        gap),
            {{"step of the discriminator"}, {"norm of the generator's gradient", true}, norms});
  lab.chart("The discriminator in training", "On 2000 data and 2000 samples that it was not trained on.",
            {{"step of the discriminator"}, {"share", false, 0, 1}, {belief, right}});
}

}  // namespace

void cost_gradients(Lab& lab) {
  at::set_num_threads(1);  // the networks are too small for more
  exact_part(lab);
  divergence_part(lab, lab.number("gap"));
  training_part(lab);
}

}  // namespace belamy::labs
