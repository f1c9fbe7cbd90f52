#include "metrics/tsne.h"

#include <array>
#include <cmath>
#include <tuple>

#include "belamy/error.h"

#include "core/parallel.h"
#include "metrics/pairwise.h"

namespace belamy {

using torch::Tensor;

namespace {

constexpr std::int64_t kTsneBlock = 1000;

// A square of the plane with the number and the sum of its points. The points of a leaf all have
// one position.
struct Cell {
  double x = 0, y = 0, half = 0;  // its centre and half its side
  double count = 0, sum_x = 0, sum_y = 0;
  std::array<int, 4> children{-1, -1, -1, -1};
  bool leaf = true;
};

class Quadtree {
 public:
  explicit Quadtree(const std::vector<double>& points) {
    double low = 0, high = 0;
    for (const double value : points) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
    cells_.reserve(points.size());
    cells_.push_back({(low + high) / 2, (low + high) / 2, (high - low) / 2 * (1 + 1e-9)});
    for (std::size_t i = 0; i < points.size(); i += 2) insert(points[i], points[i + 1]);
  }

  /// Adds the repulsion of the point (x, y) by all points to (fx, fy), and returns the sum of 1 / (1 + d^2).
  /// Both include the point itself, with 0 and 1.
  double repel(double x, double y, double theta, double& fx, double& fy) const {
    double sum = 0;
    std::array<int, 4 * kDeepest + 4> open;
    std::size_t top = 0;
    open[top++] = 0;
    while (top > 0) {
      const auto& cell = cells_[static_cast<std::size_t>(open[--top])];
      const double dx = x - cell.sum_x / cell.count, dy = y - cell.sum_y / cell.count;
      const double squared = dx * dx + dy * dy;
      if (cell.leaf || 4 * cell.half * cell.half < theta * theta * squared) {
        const double weight = 1 / (1 + squared), part = cell.count * weight;
        sum += part;
        fx += part * weight * dx;
        fy += part * weight * dy;
        continue;
      }
      for (const int child : cell.children)
        if (child >= 0) open[top++] = child;
    }
    return sum;
  }

 private:
  static constexpr int kDeepest = 48;  // points that are still together there share one leaf

  std::size_t child_for(std::size_t at, double x, double y) {
    const auto cell = cells_[at];
    const int right = x > cell.x, up = y > cell.y;
    const auto which = static_cast<std::size_t>(2 * up + right);
    if (cell.children[which] < 0) {
      const double half = cell.half / 2;
      cells_[at].children[which] = static_cast<int>(cells_.size());
      cells_.push_back({cell.x + (right ? half : -half), cell.y + (up ? half : -half), half});
    }
    return static_cast<std::size_t>(cells_[at].children[which]);
  }

  static void add(Cell& cell, double count, double sum_x, double sum_y) {
    cell.count += count;
    cell.sum_x += sum_x;
    cell.sum_y += sum_y;
  }

  void insert(double x, double y) {
    std::size_t at = 0;
    for (int depth = 0;; ++depth) {
      const auto before = cells_[at];
      add(cells_[at], 1, x, y);
      if (before.leaf) {
        const double here_x = before.sum_x / before.count, here_y = before.sum_y / before.count;
        if (before.count == 0 || depth == kDeepest || (here_x == x && here_y == y)) return;
        // Two positions in one leaf: the old point moves one level down, then the new one.
        cells_[at].leaf = false;
        const auto child = child_for(at, here_x, here_y);
        add(cells_[child], before.count, before.sum_x, before.sum_y);
      }
      at = child_for(at, x, y);
    }
  }

  std::vector<Cell> cells_;
};

// The weights exp(-beta d) of squared distances, normalised to sum 1, with beta chosen for the perplexity.
std::vector<double> neighbour_weights(const double* distances, std::int64_t count, double perplexity) {
  std::vector<double> weights(static_cast<std::size_t>(count));
  const double wanted = std::log(perplexity), nearest = distances[0];
  double beta = 1, low = 0, high = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 200; ++i) {
    double sum = 0, mean = 0;
    for (std::int64_t j = 0; j < count; ++j) {
      const double distance = distances[j] - nearest;  // the same weights, but they do not all underflow
      const double weight = std::exp(-beta * distance);
      weights[static_cast<std::size_t>(j)] = weight;
      sum += weight;
      mean += weight * distance;
    }
    const double entropy = std::log(sum) + beta * mean / sum;
    for (auto& weight : weights) weight /= sum;
    if (std::abs(entropy - wanted) < 1e-7) break;
    (entropy > wanted ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
    if (!std::isfinite(beta)) break;  // many neighbours at one distance: no beta reaches the perplexity
  }
  return weights;
}

// [N, 2] interleaved: the two principal components, the first with a deviation of 1e-4.
std::vector<double> first_map(const Tensor& data) {
  const auto centred = data.to(torch::kDouble) - data.to(torch::kDouble).mean(0, true);
  auto map = torch::zeros({data.size(0), 2}, torch::kDouble);
  const auto axes = std::get<1>(torch::linalg_eigh(centred.t().matmul(centred)));
  const auto count = std::min<std::int64_t>(2, data.size(1));
  map.narrow(1, 0, count).copy_(centred.matmul(axes.narrow(1, data.size(1) - count, count).flip({1})));
  const auto deviation = map.select(1, 0).std().item<double>();
  if (deviation > 0) map *= 1e-4 / deviation;
  return {map.data_ptr<double>(), map.data_ptr<double>() + map.numel()};
}

}  // namespace

TsneAffinities tsne_affinities(const Tensor& given, double perplexity) {
  const torch::NoGradGuard no_grad;
  check_feature_sets(given, given, 4, "t-SNE");
  const auto n = given.size(0);
  if (!(perplexity >= 1 && 3 * perplexity <= static_cast<double>(n - 1))) {
    const auto most = std::floor(static_cast<double>(n - 1) / 3);
    throw usage_error(fmt::format("t-SNE of {} data cannot have a perplexity of {}", n, perplexity),
                      most <= 1 ? "choose a perplexity of 1, or more data"
                                : fmt::format("choose a perplexity from 1 to {:g}, or more data", most));
  }
  const auto plain = given.to(torch::kFloat), data = plain - plain.mean(0, true);
  const auto k = std::min<std::int64_t>(n - 1, static_cast<std::int64_t>(3 * perplexity));
  std::vector<std::tuple<std::int64_t, std::int64_t, double>> entries;
  entries.reserve(static_cast<std::size_t>(2 * n * k));
  std::int64_t first = 0;
  for (const auto& rows : data.split(kTsneBlock)) {
    auto distances = squared_distances(rows, data).to(torch::kDouble);
    for (std::int64_t i = 0; i < rows.size(0); ++i)
      distances[i][first + i] = std::numeric_limits<double>::infinity();  // not its own neighbour
    const auto [nearest, places] = distances.topk(k, 1, /*largest=*/false, /*sorted=*/true);
    for (std::int64_t i = 0; i < rows.size(0); ++i) {
      const auto row = nearest[i].contiguous(), where = places[i].contiguous();
      const auto weights = neighbour_weights(row.data_ptr<double>(), k, perplexity);
      for (std::int64_t j = 0; j < k; ++j) {
        const auto other = where.data_ptr<std::int64_t>()[j];
        const double half = weights[static_cast<std::size_t>(j)] / (2 * static_cast<double>(n));
        entries.emplace_back(first + i, other, half);
        entries.emplace_back(other, first + i, half);
      }
    }
    first += rows.size(0);
  }
  std::sort(entries.begin(), entries.end());
  TsneAffinities affinities;
  affinities.row.assign(static_cast<std::size_t>(n + 1), 0);
  for (std::size_t e = 0; e < entries.size(); ++e) {
    const auto& [i, j, value] = entries[e];
    if (e > 0 && i == std::get<0>(entries[e - 1]) && j == std::get<1>(entries[e - 1])) {
      affinities.value.back() += value;
      continue;
    }
    affinities.column.push_back(j);
    affinities.value.push_back(value);
    affinities.row[static_cast<std::size_t>(i + 1)] = static_cast<std::int64_t>(affinities.column.size());
  }
  return affinities;
}

double tsne_gradient(const TsneAffinities& affinities, const std::vector<double>& points, double theta,
                     double exaggeration, std::vector<double>& gradient) {
  const auto n = static_cast<std::int64_t>(points.size() / 2);
  const Quadtree tree(points);
  std::vector<double> repulsion(points.size(), 0), sums(points.size() / 2, 0), logs(points.size() / 2, 0);
  gradient.assign(points.size(), 0);
  parallel_for(0, n, 64, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      const double x = points[2 * i], y = points[2 * i + 1];
      sums[i] = tree.repel(x, y, theta, repulsion[2 * i], repulsion[2 * i + 1]);
      for (auto e = static_cast<std::size_t>(affinities.row[i]);
           e < static_cast<std::size_t>(affinities.row[i + 1]); ++e) {
        const auto j = static_cast<std::size_t>(affinities.column[e]);
        const double dx = x - points[2 * j], dy = y - points[2 * j + 1], p = affinities.value[e];
        const double weight = 1 / (1 + dx * dx + dy * dy);
        gradient[2 * i] += p * weight * dx;
        gradient[2 * i + 1] += p * weight * dy;
        if (p > 0) logs[i] += p * std::log(p / weight);  // a weight may be too small for its type
      }
    }
  });
  double sum = -static_cast<double>(n), divergence = 0;  // without the points themselves
  for (const double each : sums) sum += each;
  for (const double each : logs) divergence += each;
  for (std::size_t i = 0; i < gradient.size(); ++i)
    gradient[i] = 4 * (exaggeration * gradient[i] - repulsion[i] / sum);
  return divergence + std::log(sum);  // P sums to 1
}

TsneMap tsne(const Tensor& data, const TsneOptions& options) {
  if (!(options.theta >= 0 && options.theta <= 0.7))
    throw usage_error(fmt::format("t-SNE cannot have theta = {}", options.theta),
                      "choose theta from 0 to 0.7");
  const auto affinities = tsne_affinities(data, options.perplexity);
  auto points = first_map(data);
  // Belkina et al. 2019: a step of N / exaggeration, but at least 50, without which small sets do not move.
  constexpr double early = 12;
  const double rate = std::max(50.0, static_cast<double>(data.size(0)) / early / 4);
  const auto exaggerated = std::min<std::int64_t>(250, options.iterations / 3);
  std::vector<double> gradient, move(points.size(), 0), gain(points.size(), 1);
  TsneMap map;
  for (std::int64_t step = 0; step < options.iterations; ++step) {
    const bool first = step < exaggerated;
    tsne_gradient(affinities, points, options.theta, first ? early : 1, gradient);
    double mean[2] = {0, 0};
    for (std::size_t i = 0; i < points.size(); ++i) {
      // Jacobs 1988: a coordinate speeds up while it keeps its direction, and slows down when it turns.
      gain[i] = std::max(0.01, gradient[i] * move[i] < 0 ? gain[i] + 0.2 : gain[i] * 0.8);
      move[i] = (first ? 0.5 : 0.8) * move[i] - rate * gain[i] * gradient[i];
      points[i] += move[i];
      mean[i % 2] += points[i];
    }
    for (std::size_t i = 0; i < points.size(); ++i)
      points[i] -= mean[i % 2] * 2 / static_cast<double>(points.size());
    if (options.progress && step % 25 == 0)
      options.progress(static_cast<double>(step) / static_cast<double>(options.iterations));
  }
  map.divergence = tsne_gradient(affinities, points, options.theta, 1, gradient);
  map.points = torch::tensor(points, torch::kDouble).view({-1, 2});
  return map;
}

}  // namespace belamy
