// KL and JS along the range of normals of the UiO figure, and on distributions with spurious samples
// ("monsters") and with a dropped mode.
#include <array>
#include <cmath>

#include "core/random.h"
#include "labs/lab.h"
#include "metrics/divergence.h"

namespace belamy::labs {
namespace {

const Gaussian reference{0, 1};

Gaussian normal(double mean, double variance) {
  return {mean, std::sqrt(variance)};
}

LogDensity density_of(const Gaussian& gaussian) {
  return [gaussian](double x) { return gaussian.log_density(x); };
}

/// Bounds beyond which both are negligible: 14 deviations beyond the outer means.
std::pair<double, double> range_of(const Gaussian& p, const Gaussian& q) {
  const double reach = 14 * std::max(p.deviation, q.deviation);
  return {std::min(p.mean, q.mean) - reach, std::max(p.mean, q.mean) + reach};
}

double js(const Gaussian& p, const Gaussian& q) {
  const auto [low, high] = range_of(p, q);
  return js_divergence(density_of(p), density_of(q), low, high);
}

/// The sum of p log(p/q) over equally spaced points: the naive implementation.
double plain_kl(const Gaussian& p, const Gaussian& q, std::int64_t points) {
  const auto [low, high] = range_of(p, q);
  const double width = (high - low) / static_cast<double>(points - 1);
  double sum = 0;
  for (std::int64_t i = 0; i < points; ++i) {
    const double x = low + width * static_cast<double>(i), a = p.log_density(x);
    sum += std::exp(a) * (a - q.log_density(x));
  }
  return sum * width;
}

torch::Tensor samples_of(const Gaussian& gaussian, std::int64_t count, Random& random) {
  auto x = torch::empty({count, 1}, torch::kFloat64);
  auto* values = x.data_ptr<double>();
  for (std::int64_t i = 0; i < count; ++i) values[i] = gaussian.mean + gaussian.deviation * random.normal();
  return x;
}

/// The two halves of JS: over generated samples, and over real ones.
struct Halves {
  double quality, coverage;
};
Halves halves(const std::array<double, 3>& p, const std::array<double, 3>& q) {
  std::array<double, 3> m{};
  for (std::size_t i = 0; i < 3; ++i) m[i] = (p[i] + q[i]) / 2;
  return {kl_divergence(q, m) / 2, kl_divergence(p, m) / 2};
}

void figure_of_the_slide(Lab& lab) {
  const std::array<std::pair<double, double>, 4> pairs = {{{-1, 0.5}, {-0.5, 0.75}, {0.5, 1.25}, {1, 1.5}}};
  Random random(static_cast<std::uint64_t>(lab.integer("seed")));
  const auto samples = samples_of(reference, lab.integer("samples"), random);
  LabTable table{
      {"$q$", "$\\mathrm{KL}(p\\|q)$", "$\\mathrm{KL}(q\\|p)$", "JS", "$\\mathrm{KL}(p\\|q)$ from samples"},
      {}};
  double estimate_error = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto q = normal(pairs[i].first, pairs[i].second);
    const double there = kl_divergence(reference, q), back = kl_divergence(q, reference),
                 both = js(reference, q);
    const double estimate = neighbour_kl(samples, samples_of(q, lab.integer("samples"), random));
    if (i == 0) {
      lab.measure("estimate_narrow", estimate / there);
    } else {
      estimate_error = std::max(estimate_error, std::abs(estimate - there));
    }
    lab.measure(fmt::format("kl_{}", i + 1), there);
    lab.measure(fmt::format("reverse_{}", i + 1), back);
    lab.measure(fmt::format("js_{}", i + 1), both);
    table.rows.push_back({fmt::format("$\\mathcal{{N}}({}, {})$", pairs[i].first, pairs[i].second),
                          fmt::format("{:.6f}", there), fmt::format("{:.6f}", back),
                          fmt::format("{:.6f}", both), fmt::format("{:.3f}", estimate)});
  }
  lab.measure("estimate", estimate_error);
  lab.measure("bound", js(normal(-20, 1), normal(20, 1)));

  const double mean = lab.number("mean"), variance = lab.number("variance");
  const auto at = [&](double t) { return normal(mean * t, 1 + variance * t); };
  LabSeries there{"KL(p‖q)", {}, {}}, back{"KL(q‖p)", {}, {}}, both{"JS", {}, {}};
  double difference = 0;
  for (int i = 0; i <= 80; ++i) {
    const double t = -1 + i / 40.0;
    const auto q = at(t);
    const double forward = kl_divergence(reference, q), reverse = kl_divergence(q, reference);
    difference = std::max({difference, std::abs(forward - plain_kl(reference, q, lab.integer("points"))),
                           std::abs(reverse - plain_kl(q, reference, lab.integer("points")))});
    for (auto* series : {&there, &back, &both}) series->x.push_back(mean * t);
    there.y.push_back(forward);
    back.y.push_back(reverse);
    both.y.push_back(js(reference, q));
  }
  lab.measure("integrated", difference);

  LabChart densities{{"x"}, {"density"}};
  const double reach = mean + 4;
  for (const double t : {-1.0, -0.5, 0.5, 1.0}) {
    const auto q = at(t);
    LabSeries series{fmt::format("q = N({:.3g}, {:.3g})", q.mean, q.deviation * q.deviation), {}, {}};
    for (int i = 0; i <= 200; ++i) {
      series.x.push_back(-reach + 2 * reach * i / 200);
      series.y.push_back(std::exp(q.log_density(series.x.back())));
    }
    densities.series.push_back(std::move(series));
  }
  LabSeries p{"p = N(0, 1)", densities.series[0].x, {}};
  p.dashed = true;
  for (const double x : p.x) p.y.push_back(std::exp(reference.log_density(x)));
  densities.series.push_back(std::move(p));
  lab.chart("The range of normals", "Mean and variance of $q$ grow together, as on the slide.",
            std::move(densities));
  lab.chart("Divergences along the range",
            "The middle is $q = p$. The dashed line is the bound of JS, $\\log 2$.",
            {{"mean of q"},
             {"divergence (nats)"},
             {there, back, both, {"log 2", {-mean, mean}, {std::log(2.0), std::log(2.0)}, {}, true}}});
  lab.table("The four pairs of the slide",
            "Variances, not deviations. The estimate knows only samples: by distances to the fifth "
            "nearest neighbours.",
            std::move(table));
}

void monsters_and_modes(Lab& lab) {
  const std::array<double, 3> p = {0.5, 0.5, 0}, dropped = {1, 0, 0}, monsters = {0.25, 0.25, 0.5},
                              one = {0.495, 0.495, 0.01};
  const auto infinite = [](double value) { return std::isinf(value) ? 1.0 : 0.0; };
  lab.measure("dropped_infinite", infinite(kl_divergence(p, dropped)));
  lab.measure("dropped_reverse", kl_divergence(dropped, p));
  lab.measure("dropped_js", js_divergence(p, dropped));
  lab.measure("monster_kl", kl_divergence(p, monsters));
  lab.measure("monster_infinite", infinite(kl_divergence(monsters, p)));
  lab.measure("monster_js", js_divergence(p, monsters));
  lab.measure("quality", halves(p, dropped).quality);
  lab.measure("coverage", halves(p, dropped).coverage);
  lab.measure("one_monster", kl_divergence(p, one));

  const auto sweep = [&](const std::string& title, const std::string& caption, const std::string& axis,
                         auto model, double last) {
    LabSeries there{"KL(p‖q)", {}, {}}, back{"KL(q‖p)", {}, {}}, quality{"quality, ½ KL(q‖m)", {}, {}},
        coverage{"coverage, ½ KL(p‖m)", {}, {}};
    for (int i = 0; i <= 100; ++i) {
      const double share = last * i / 100;
      const std::array<double, 3> q = model(share);
      for (auto* series : {&there, &back, &quality, &coverage}) series->x.push_back(share);
      there.y.push_back(kl_divergence(p, q));
      back.y.push_back(kl_divergence(q, p));
      quality.y.push_back(halves(p, q).quality);
      coverage.y.push_back(halves(p, q).coverage);
    }
    lab.chart(title, caption,
              {{axis, false, 0, last}, {"divergence (nats)", false, 0, 2}, {there, back, quality, coverage}});
  };
  sweep(
      "Monsters",
      "$\\mathrm{KL}(q\\|p)$ is infinite from the first monster on, and so it is not in the picture.",
      "share of samples where no data is",
      [](double share) {
        return std::array<double, 3>{(1 - share) / 2, (1 - share) / 2, share};
      },
      0.99);
  sweep(
      "A mode that is dropped",
      "At the right the second mode is gone: $\\mathrm{KL}(p\\|q)$ leaves the picture, $\\mathrm{KL}(q\\|p)$ "
      "ends at $\\log 2$.",
      "share of its samples that the second mode has lost",
      [](double share) {
        return std::array<double, 3>{(1 + share) / 2, (1 - share) / 2, 0};
      },
      1);
}

}  // namespace

void kl_js_range(Lab& lab) {
  figure_of_the_slide(lab);
  monsters_and_modes(lab);
}

}  // namespace belamy::labs
