// The earth mover's distance: the two plans of the Chalmers deck, the line, the dual, Sinkhorn and slices.
#include <cmath>

#include "core/random.h"
#include "core/text.h"
#include "labs/lab.h"
#include "labs/perceptron.h"
#include "metrics/divergence.h"
#include "metrics/kolmogorov.h"
#include "metrics/transport.h"

namespace belamy::labs {
namespace {

using torch::Tensor;

Tensor numbers(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat64);
}

/// Heaps on the line.
struct Heaps {
  std::vector<double> from, to;            ///< places
  std::vector<double> from_mass, to_mass;  ///< of one sum
  Tensor costs() const { return (numbers(from).unsqueeze(1) - numbers(to).unsqueeze(0)).abs(); }
  double total() const { return numbers(from_mass).sum().item<double>(); }
};

double cost(const Tensor& plan, const Tensor& costs) {
  return (plan * costs).sum().item<double>();
}

/// Integral of |F - G| over the line, times the mass: the mass that passes each place.
double passing(const Heaps& heaps) {
  std::vector<std::pair<double, double>> changes;
  for (std::size_t i = 0; i < heaps.from.size(); ++i) changes.emplace_back(heaps.from[i], heaps.from_mass[i]);
  for (std::size_t i = 0; i < heaps.to.size(); ++i) changes.emplace_back(heaps.to[i], -heaps.to_mass[i]);
  std::sort(changes.begin(), changes.end());
  double sum = 0, height = 0;
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
    height += changes[i].second;
    sum += std::abs(height) * (changes[i + 1].first - changes[i].first);
  }
  return sum;
}

/// The critic f that rises by 1 where F > G and falls by 1 where F < G: sum of f (to - from) masses.
double best_critic(const Heaps& heaps) {
  std::vector<std::pair<double, double>> changes;
  for (std::size_t i = 0; i < heaps.from.size(); ++i) changes.emplace_back(heaps.from[i], heaps.from_mass[i]);
  for (std::size_t i = 0; i < heaps.to.size(); ++i) changes.emplace_back(heaps.to[i], -heaps.to_mass[i]);
  std::sort(changes.begin(), changes.end());
  double f = 0, height = 0, value = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (i > 0) f += (height > 0 ? 1 : -1) * (changes[i].first - changes[i - 1].first);
    value -= f * changes[i].second;
    height += changes[i].second;
  }
  return value;
}

LabTable plan_table(const Heaps& heaps, const Tensor& plan) {
  LabTable table{{"from \\ to"}, {}};
  for (const double place : heaps.to) table.columns.push_back(fmt::format("{}", place));
  for (std::size_t i = 0; i < heaps.from.size(); ++i) {
    table.rows.push_back({fmt::format("**{}**", heaps.from[i])});
    for (const double mass : values_of(plan[static_cast<std::int64_t>(i)]))
      table.rows.back().push_back(fmt::format("{:.3g}", mass < 1e-9 ? 0.0 : mass));
  }
  return table;
}

/// Distribution functions of heaps, as steps.
LabSeries steps_of(const std::string& name, const std::vector<double>& places,
                   const std::vector<double>& masses, double low, double high) {
  std::vector<std::pair<double, double>> heaps;
  for (std::size_t i = 0; i < places.size(); ++i) heaps.emplace_back(places[i], masses[i]);
  std::sort(heaps.begin(), heaps.end());
  LabSeries series{name, {low}, {0}};
  double height = 0;
  for (const auto& [place, mass] : heaps) {
    series.x.insert(series.x.end(), {place, place});
    series.y.push_back(height);
    series.y.push_back(height += mass);
  }
  series.x.push_back(high);
  series.y.push_back(height);
  return series;
}

void heaps_of_the_slides(Lab& lab) {
  const Heaps slides{{1, 2, 3}, {7, 8, 9, 10}, {3, 1, 2}, {1, 1, 2, 2}};
  const auto costs = slides.costs();
  const auto from = numbers(slides.from_mass), to = numbers(slides.to_mass);
  const auto first = numbers({1, 0, 0, 2, 0, 1, 0, 0, 0, 0, 2, 0}).view({3, 4});
  const auto second = numbers({1, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1}).view({3, 4});
  const auto best = optimal_transport(from, to, costs);
  const auto blurred = sinkhorn(from, to, costs, {.epsilon = lab.number("epsilon")});
  lab.measure("gamma_1", cost(first, costs));
  lab.measure("gamma_2", cost(second, costs));
  lab.measure("optimum", best.cost);
  lab.measure("per_unit", best.cost / slides.total());
  lab.measure("any_plan", cost(from.unsqueeze(1) * to.unsqueeze(0) / slides.total(), costs));
  lab.measure("sinkhorn_slides", blurred.cost);
  lab.measure("marginals", std::max((best.plan.sum(1) - from).abs().max().item<double>(),
                                    (best.plan.sum(0) - to).abs().max().item<double>()));
  lab.table("The plan of the network simplex", "One of the many that cost 42.",
            plan_table(slides, best.plan));
  lab.table("Sinkhorn's plan for the same heaps",
            "Entropy can only spread the mass here: $p_i q_j / 6$, still at a cost of 42.",
            plan_table(slides, blurred.plan));
}

void heaps_that_overlap(Lab& lab) {
  const Heaps heaps{{0, 1, 2, 5, 6}, {0.5, 1.5, 3, 4, 7}, {2, 1, 3, 1, 1}, {1, 2, 1, 3, 1}};
  const auto costs = heaps.costs();
  const auto from = numbers(heaps.from_mass), to = numbers(heaps.to_mass);
  const auto best = optimal_transport(from, to, costs);
  lab.measure("functions", std::abs(best.cost - passing(heaps)));
  lab.measure("dual", std::abs(best.cost - best_critic(heaps)));

  LabSeries excess{"Sinkhorn's excess", {}, {}};
  double last = -1, backwards = 0;
  for (const double epsilon : {0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0}) {
    const auto plan = sinkhorn(from, to, costs, {.epsilon = epsilon, .iterations = 10000});
    const double over = (plan.cost - best.cost) / best.cost;
    if (last < 0) {
      lab.measure("sinkhorn_falls", over);
    } else {
      backwards = std::max(backwards, last - over);
    }
    last = std::max(0.0, over);
    excess.x.push_back(epsilon);
    excess.y.push_back(100 * over);
  }
  lab.measure("sinkhorn_monotone", backwards);
  const auto blurred = sinkhorn(from, to, costs, {.epsilon = lab.number("epsilon"), .iterations = 10000});

  lab.table("Heaps that overlap: the cheapest plan",
            fmt::format("Cost {:.4g}. Now it matters what moves where.", best.cost),
            plan_table(heaps, best.plan));
  lab.table("Heaps that overlap: Sinkhorn's plan",
            fmt::format("Cost {:.4g} with $\\varepsilon = {}$.", blurred.cost, lab.number("epsilon")),
            plan_table(heaps, blurred.plan));
  lab.chart("Distribution functions",
            "The area between the two is the distance: at each place, the mass that passes it.",
            {{"place"},
             {"mass up to here"},
             {steps_of("F, from", heaps.from, heaps.from_mass, -1, 8),
              steps_of("G, to", heaps.to, heaps.to_mass, -1, 8)}});
  lab.chart("What entropy costs", "Of the heaps that overlap. On the slides' heaps this curve is zero.",
            {{"ε (units of distance)", true}, {"excess over the cheapest plan (%)"}, {excess}});
}

void normals(Lab& lab) {
  // |quantile difference| is |shift + bend z| for a standard normal z: the mean of a folded normal.
  const auto closed = [](double shift, double bend) {
    if (bend == 0) return std::abs(shift);
    return std::abs(bend) * std::sqrt(2 / M_PI) * std::exp(-shift * shift / (2 * bend * bend)) +
           shift * (1 - 2 * normal_distribution(-shift / std::abs(bend)));
  };
  const auto area = [](double mean, double deviation) {
    return integrate(
        [&](double x) {
          return std::abs(normal_distribution(x) - normal_distribution((x - mean) / deviation));
        },
        -15, 15 + mean);
  };
  lab.measure("normals", std::abs(area(2, 1) - 2));
  lab.measure("normals_widths", std::abs(area(1, 0.5) - closed(1, -0.5)));

  Random random(static_cast<std::uint64_t>(lab.integer("seed")));
  const auto draw = [&](double mean, double deviation) {
    std::vector<double> x;
    for (std::int64_t i = 0; i < lab.integer("samples"); ++i) x.push_back(mean + deviation * random.normal());
    return numbers(x);
  };
  const auto x = draw(0, 1), y = draw(2, 1), narrow = draw(2, 0.5);
  lab.measure("sampled_1", wasserstein_1d(x, y));
  lab.measure("sampled_2", std::pow(wasserstein_1d(x, narrow, 2), 2));

  LabSeries sampled{"W₁ of samples", {}, {}}, exact{"distance of the means", {}, {}};
  exact.dashed = true;
  for (int i = 0; i <= 24; ++i) {
    const double shift = -3 + i / 4.0;
    sampled.x.push_back(shift);
    sampled.y.push_back(wasserstein_1d(x, y - 2 + shift));
    exact.x.push_back(shift);
    exact.y.push_back(std::abs(shift));
  }
  lab.chart("Two normals of width 1", "The distance grows with the shift, and its slope is 1 everywhere.",
            {{"shift of the second normal"}, {"W₁"}, {sampled, exact}});
}

void plane(Lab& lab) {
  const auto seed = static_cast<std::uint64_t>(lab.integer("seed"));
  Random random(seed, 1);
  const auto count = lab.integer("points");
  std::vector<double> ring, blob;
  for (std::int64_t i = 0; i < count; ++i) {
    const double angle = random.uniform(0, 2 * M_PI), radius = 2 + 0.15 * random.normal();
    ring.insert(ring.end(), {radius * std::cos(angle), radius * std::sin(angle)});
    blob.insert(blob.end(), {0.6 * random.normal(), 0.6 * random.normal()});
  }
  const auto x = numbers(blob).view({count, 2}), y = numbers(ring).view({count, 2});
  const SlicedOptions slices{.projections = lab.integer("projections"), .seed = seed};
  const auto shifted = x + numbers({3, 4});
  lab.measure("plane_shift", earth_movers_distance(x, shifted));
  lab.measure("sliced_shift", sliced_wasserstein(x, shifted, slices));
  const double sliced = sliced_wasserstein(x, y, slices);
  const auto costs = torch::cdist(x, y);
  const auto share = torch::full({count}, 1.0 / static_cast<double>(count), torch::kFloat64);
  const auto best = optimal_transport(share, share, costs);
  const auto blurred =
      sinkhorn(share, share, costs, {.epsilon = 0.05, .iterations = 5000, .tolerance = 1e-6});
  lab.measure("sliced_below", sliced / best.cost);
  lab.table(
      "Three distances of the two clouds below", "",
      {{"", "distance"},
       {{"exact, by the network simplex", fmt::format("{:.4f}", best.cost)},
        {"Sinkhorn, $\\varepsilon = 0.05$", fmt::format("{:.4f}", blurred.cost)},
        {"sliced, " + counted(lab.integer("projections"), "direction"), fmt::format("{:.4f}", sliced)}}});

  LabSeries moves{"what moves where", {}, {}, LabSeries::Style::field};
  const auto targets = best.plan.argmax(1);
  const double gap = std::numeric_limits<double>::quiet_NaN();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto j = targets[i].item<std::int64_t>();
    moves.x.insert(moves.x.end(), {x[i][0].item<double>(), y[j][0].item<double>(), gap});
    moves.y.insert(moves.y.end(), {x[i][1].item<double>(), y[j][1].item<double>(), gap});
  }
  LabChart chart{{"x", false, -3, 3}, {"y", false, -3, 3}};
  chart.square = true;
  chart.series = {moves,
                  {"from", values_of(x.select(1, 0)), values_of(x.select(1, 1)), LabSeries::Style::points},
                  {"to", values_of(y.select(1, 0)), values_of(y.select(1, 1)), LabSeries::Style::points}};
  lab.chart("The exact plan in the plane", "The lines of a cheapest plan never cross.", std::move(chart));
}

}  // namespace

void earth_mover(Lab& lab) {
  heaps_of_the_slides(lab);
  heaps_that_overlap(lab);
  normals(lab);
  plane(lab);
}

}  // namespace belamy::labs
