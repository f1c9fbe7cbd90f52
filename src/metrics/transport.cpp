#include "metrics/transport.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <vector>

// Headers only: LEMON is not linked.
#define LEMON_ONLY_TEMPLATES
#include <lemon/network_simplex.h>
#include <lemon/static_graph.h>

#include "belamy/error.h"

#include "metrics/pairwise.h"

namespace belamy {
namespace {

using torch::Tensor;
using Graph = lemon::StaticDigraph;
using Whole = std::int64_t;
using Simplex = lemon::NetworkSimplex<Graph, Whole>;

constexpr std::int64_t most_costs = std::int64_t{1} << 25;
constexpr double whole_total = 0x1p50;  // units of the total mass, if masses must be rounded
constexpr double cost_room = 0x1p59;    // so that N + M costs stay far below LEMON's artificial cost of 2^62

Tensor plain(const Tensor& x) {
  return x.detach().to(torch::kCPU, torch::kDouble).contiguous();
}

std::vector<double> values_of(const Tensor& x) {
  return {x.data_ptr<double>(), x.data_ptr<double>() + x.numel()};
}

void check_problem(const Tensor& from, const Tensor& to, const Tensor& costs) {
  if (from.dim() != 1 || to.dim() != 1 || costs.dim() != 2 || from.size(0) != costs.size(0) ||
      to.size(0) != costs.size(1) || costs.numel() < 1) {
    throw data_error(fmt::format(
        "transport needs masses [N] and [M] and costs [N, M], not [{}], [{}] and [{}]",
        fmt::join(from.sizes(), ", "), fmt::join(to.sizes(), ", "), fmt::join(costs.sizes(), ", ")));
  }
  for (const Tensor* masses : {&from, &to}) {
    if (!masses->isfinite().all().item<bool>() || masses->lt(0).any().item<bool>())
      throw data_error("transport needs masses that are finite and not negative");
  }
  if (!costs.isfinite().all().item<bool>()) throw data_error("transport needs costs that are finite");
  const double a = from.sum().item<double>(), b = to.sum().item<double>();
  if (!(a > 0) || !(b > 0)) throw data_error("transport needs some mass on both sides, but one sums to 0");
  if (std::abs(a - b) > 1e-9 * std::max(a, b)) {
    throw data_error(fmt::format("transport needs equal masses, but they sum to {:.10g} and {:.10g}", a, b),
                     "divide each by its sum");
  }
}

/// Masses as whole numbers of one unit, with equal sums.
struct WholeMasses {
  std::vector<Whole> from, to;
  double unit = 1;
};

bool all_whole(const std::vector<double>& masses) {
  return std::all_of(masses.begin(), masses.end(), [](double m) { return m == std::floor(m); }) &&
         std::accumulate(masses.begin(), masses.end(), 0.0) <= whole_total;
}

bool all_equal(const std::vector<double>& masses) {
  return std::all_of(masses.begin(), masses.end(), [&](double m) { return m == masses[0]; });
}

// Rounds the running sums, not the masses, so that both sides end at the same total.
std::vector<Whole> round_masses(const std::vector<double>& masses) {
  const double total = std::accumulate(masses.begin(), masses.end(), 0.0);
  std::vector<Whole> whole;
  double sum = 0;
  Whole before = 0;
  for (std::size_t i = 0; i < masses.size(); ++i) {
    sum += masses[i];
    const Whole now = std::llround((i + 1 == masses.size() ? 1 : sum / total) * whole_total);
    whole.push_back(now - before);
    before = now;
  }
  return whole;
}

WholeMasses whole_masses(const std::vector<double>& from, const std::vector<double>& to) {
  const double total = std::accumulate(from.begin(), from.end(), 0.0);
  if (all_whole(from) && all_whole(to)) return {{from.begin(), from.end()}, {to.begin(), to.end()}, 1};
  if (all_equal(from) && all_equal(to)) {
    const auto n = static_cast<Whole>(from.size()), m = static_cast<Whole>(to.size()), both = std::lcm(n, m);
    return {std::vector<Whole>(from.size(), both / n), std::vector<Whole>(to.size(), both / m),
            total / static_cast<double>(both)};
  }
  return {round_masses(from), round_masses(to), total / whole_total};
}

// Maps in the form that LEMON needs, from nodes and arcs to numbers that are stored elsewhere.
template <class Item>
struct Map {
  using Key = Item;
  using Value = Whole;
  const std::vector<Whole>& values;
  Whole operator[](Item item) const { return values[static_cast<std::size_t>(Graph::id(item))]; }
};

// [N, M] costs as whole numbers, with 0 as the least: subtracting a constant does not change the best plan.
std::vector<Whole> whole_costs(const Tensor& costs) {
  const double least = costs.min().item<double>();
  const double spread = costs.max().item<double>() - least;
  const double nodes = static_cast<double>(costs.size(0) + costs.size(1));
  const double scale = spread > 0 ? cost_room / nodes / spread : 0;
  std::vector<Whole> whole;
  whole.reserve(static_cast<std::size_t>(costs.numel()));
  for (const double cost : values_of(costs)) whole.push_back(std::llround((cost - least) * scale));
  return whole;
}

/// The pieces between the jumps of two quantile functions of N and M sorted values: for each piece, its index
/// in both, and its width.
struct QuantilePieces {
  Tensor left, right;  // [P] int64
  Tensor widths;       // [P] f64, sum 1
};

QuantilePieces quantile_pieces(std::int64_t n, std::int64_t m) {
  std::vector<std::int64_t> left, right;
  std::vector<double> widths;
  const double whole = static_cast<double>(n) * static_cast<double>(m);
  std::int64_t i = 0, j = 0, at = 0;  // in units of 1 / (n m), so that no jump is rounded
  while (i < n && j < m) {
    const std::int64_t end = std::min((i + 1) * m, (j + 1) * n);
    left.push_back(i);
    right.push_back(j);
    widths.push_back(static_cast<double>(end - at) / whole);
    if (end == (i + 1) * m) ++i;
    if (end == (j + 1) * n) ++j;
    at = end;
  }
  return {torch::tensor(left), torch::tensor(right), torch::tensor(widths, torch::kDouble)};
}

// [L, N], [L, M] f64 -> [L]: W_p^p of each pair of rows.
Tensor powers_of_rows(const Tensor& x, const Tensor& y, const QuantilePieces& pieces, double p) {
  const Tensor a = std::get<0>(x.sort(1)).index_select(1, pieces.left);
  const Tensor b = std::get<0>(y.sort(1)).index_select(1, pieces.right);
  return (a - b).abs().pow(p).mv(pieces.widths);
}

void check_power(double p) {
  if (!(p >= 1) || !std::isfinite(p))
    throw usage_error(fmt::format("a Wasserstein distance has a power p >= 1, not {:g}", p));
}

}  // namespace

TransportPlan optimal_transport(const Tensor& from, const Tensor& to, const Tensor& costs) {
  const Tensor a = plain(from), b = plain(to), c = plain(costs);
  check_problem(a, b, c);
  if (c.numel() > most_costs) {
    throw usage_error(fmt::format("exact transport between {} and {} masses has too many costs to hold",
                                  a.size(0), b.size(0)),
                      "take a subsample, or the Sinkhorn or the sliced distance");
  }
  const int n = static_cast<int>(a.size(0)), m = static_cast<int>(b.size(0));
  const auto masses = whole_masses(values_of(a), values_of(b));

  std::vector<std::pair<int, int>> arcs;
  arcs.reserve(static_cast<std::size_t>(c.numel()));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) arcs.emplace_back(i, n + j);
  }
  Graph graph;
  graph.build(n + m, arcs.begin(), arcs.end());
  std::vector<Whole> supplies = masses.from;
  for (const Whole mass : masses.to) supplies.push_back(-mass);

  Simplex simplex(graph);
  simplex.costMap(Map<Graph::Arc>{whole_costs(c)}).supplyMap(Map<Graph::Node>{supplies});
  if (simplex.run() != Simplex::OPTIMAL) throw std::logic_error("no plan for masses that agree");

  Tensor plan = torch::empty_like(c);
  double* flow = plan.data_ptr<double>();
  for (int k = 0; k < graph.arcNum(); ++k)
    flow[k] = static_cast<double>(simplex.flow(graph.arc(k))) * masses.unit;
  return {(plan * c).sum().item<double>(), plan};
}

double earth_movers_distance(const Tensor& x, const Tensor& y) {
  check_feature_sets(x, y, 1, "the earth mover's distance");
  const Tensor a = plain(x), b = plain(y);
  const auto shares = [](const Tensor& points) {
    return torch::full({points.size(0)}, 1 / static_cast<double>(points.size(0)), torch::kDouble);
  };
  // Without matrix products, which lose the digits of points that are close to each other.
  return optimal_transport(shares(a), shares(b), torch::cdist(a, b, 2, 2)).cost;
}

double wasserstein_1d(const Tensor& x, const Tensor& y, double p) {
  check_power(p);
  if (x.dim() != 1 || y.dim() != 1) throw data_error("the distance of two sets of numbers needs [N] and [M]");
  check_feature_sets(x.unsqueeze(1), y.unsqueeze(1), 1, "the Wasserstein distance");
  const Tensor power =
      powers_of_rows(plain(x).unsqueeze(0), plain(y).unsqueeze(0), quantile_pieces(x.size(0), y.size(0)), p);
  return std::pow(power.item<double>(), 1 / p);
}

SinkhornPlan sinkhorn(const Tensor& from, const Tensor& to, const Tensor& costs,
                      const SinkhornOptions& options) {
  if (!(options.epsilon > 0)) throw usage_error("Sinkhorn's epsilon must be above 0");
  if (options.iterations < 1) throw usage_error("Sinkhorn needs at least one iteration");
  const torch::NoGradGuard no_grad;
  const Tensor a = plain(from), b = plain(to), c = plain(costs);
  check_problem(a, b, c);
  const double total = a.sum().item<double>();
  const Tensor log_a = (a / total).log(), log_b = (b / b.sum()).log();  // -inf where there is no mass
  const Tensor scaled = c / options.epsilon;

  // The potentials over epsilon; log plan = f + g - C / epsilon + log a + log b.
  Tensor f = torch::zeros_like(a), g = torch::zeros_like(b), log_plan;
  SinkhornPlan result;
  while (result.iterations < options.iterations) {
    f = -torch::logsumexp((g + log_b).unsqueeze(0) - scaled, 1);
    g = -torch::logsumexp((f + log_a).unsqueeze(1) - scaled, 0);
    ++result.iterations;
    log_plan = (f + log_a).unsqueeze(1) + (g + log_b).unsqueeze(0) - scaled;
    result.marginal_error = (torch::logsumexp(log_plan, 1).exp() - a / total).abs().sum().item<double>();
    if (result.marginal_error <= options.tolerance) break;
  }
  result.plan = log_plan.exp() * total;
  result.cost = (result.plan * c).sum().item<double>();
  return result;
}

double sliced_wasserstein(const Tensor& x, const Tensor& y, const SlicedOptions& options) {
  check_power(options.p);
  if (options.projections < 1) throw usage_error("a sliced distance needs at least one projection");
  check_feature_sets(x, y, 1, "the sliced Wasserstein distance");
  const Tensor a = plain(x), b = plain(y);
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  const Tensor normal = torch::randn({options.projections, a.size(1)}, generator, torch::kDouble);
  const Tensor directions = normal / normal.norm(2, 1, true);  // [L, D]
  const auto pieces = quantile_pieces(a.size(0), b.size(0));
  double sum = 0;
  for (const Tensor& part : directions.split(16)) {  // 16 sorted projections at a time bound the memory
    sum += powers_of_rows(part.mm(a.t()), part.mm(b.t()), pieces, options.p).sum().item<double>();
  }
  return std::pow(sum / static_cast<double>(options.projections), 1 / options.p);
}

}  // namespace belamy
