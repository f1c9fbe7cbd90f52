#include "metrics/boosted_trees.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "belamy/error.h"

#include "core/parallel.h"

namespace belamy {

using torch::Tensor;

// The codes by dimension, and the rows in the order of their values.
struct BoostedTrees::Table {
  std::int64_t rows = 0, dimensions = 0;
  Tensor values;  // [D, N] f32
  Tensor order;   // [D, N] int32

  explicit Table(const Tensor& codes)
      : rows(codes.size(0)),
        dimensions(codes.size(1)),
        values(codes.t().contiguous()),
        order(values.argsort(/*stable=*/true, /*dim=*/1, /*descending=*/false).to(torch::kInt)) {}
};

namespace {

Tensor plain_codes(const Tensor& codes) {
  if (codes.dim() != 2 || codes.numel() == 0)
    throw data_error("trees need codes [N, D], with at least one value");
  auto plain = codes.detach().to(torch::kCPU, torch::kFloat).contiguous();
  if (!plain.isfinite().all().item<bool>()) throw data_error("a code is not finite");
  return plain;
}

// Sums over the rows of a node.
struct Sums {
  double count = 0, sum = 0, squares = 0;
  double error() const { return count > 0 ? squares - sum * sum / count : 0; }  // squared, about the mean
};

struct Cut {
  std::int64_t dimension = -1;
  float threshold = 0;
  double gain = -1;
  Sums left;
};

}  // namespace

BoostedTrees::Grown BoostedTrees::grow(const Table& table, const std::vector<double>& targets,
                                       std::int64_t depth) {
  // Closer values count as equal, as in scikit-learn.
  constexpr float closest = 1e-7F;
  const auto rows = static_cast<std::size_t>(table.rows);
  Grown grown{{Node{}},
              std::vector<std::int64_t>(rows, 0),
              std::vector<double>(static_cast<std::size_t>(table.dimensions))};
  std::vector<Sums> sums(1);
  for (const double target : targets) {
    sums[0].count += 1;
    sums[0].sum += target;
    sums[0].squares += target * target;
  }
  std::size_t first = 0;  // node of this level
  for (std::int64_t level = 0; level < depth; ++level) {
    const std::size_t end = grown.tree.size(), open = end - first;
    if (open == 0) break;
    std::vector<Cut> best(open);
    std::vector<bool> splits(open);
    for (std::size_t node = 0; node < open; ++node) {
      const auto& all = sums[first + node];
      splits[node] = all.count >= 2 && all.error() / all.count > std::numeric_limits<double>::epsilon();
    }
    for (std::int64_t d = 0; d < table.dimensions; ++d) {
      const float* values = table.values.data_ptr<float>() + d * table.rows;
      const int* order = table.order.data_ptr<int>() + d * table.rows;
      std::vector<Sums> left(open);
      std::vector<float> last(open);
      for (std::size_t i = 0; i < rows; ++i) {
        const auto row = static_cast<std::size_t>(order[i]);
        const auto leaf = static_cast<std::size_t>(grown.leaves[row]);
        if (leaf < first || !splits[leaf - first]) continue;
        const auto node = leaf - first;
        auto& passed = left[node];
        if (passed.count > 0 && values[row] > last[node] + closest) {
          const auto& all = sums[leaf];
          const double right = all.count - passed.count;
          const double apart = right * passed.sum - passed.count * (all.sum - passed.sum);
          const double gain = apart * apart / (passed.count * right * all.count);
          if (gain > best[node].gain) {
            float threshold = last[node] / 2 + values[row] / 2;
            if (threshold >= values[row]) threshold = last[node];
            best[node] = {d, threshold, gain, passed};
          }
        }
        passed.count += 1;
        passed.sum += targets[row];
        passed.squares += targets[row] * targets[row];
        last[node] = values[row];
      }
    }
    for (std::size_t node = 0; node < open; ++node) {
      const auto& split = best[node];
      if (split.dimension < 0) continue;
      auto& parent = grown.tree[first + node];
      parent.dimension = split.dimension;
      parent.threshold = split.threshold;
      parent.left = static_cast<std::int64_t>(grown.tree.size());
      parent.right = parent.left + 1;
      const Sums all = sums[first + node];
      sums.push_back(split.left);
      sums.push_back(
          {all.count - split.left.count, all.sum - split.left.sum, all.squares - split.left.squares});
      grown.gains[static_cast<std::size_t>(split.dimension)] += split.gain;
      grown.tree.resize(grown.tree.size() + 2);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      const auto& node = grown.tree[static_cast<std::size_t>(grown.leaves[row])];
      if (node.dimension < 0) continue;
      const float value =
          table.values.data_ptr<float>()[node.dimension * table.rows + static_cast<std::int64_t>(row)];
      grown.leaves[row] = value <= node.threshold ? node.left : node.right;
    }
    first = end;
  }
  return grown;
}

BoostedTrees::BoostedTrees(const Tensor& codes, const Tensor& labels, const BoostingOptions& options) {
  const auto plain = plain_codes(codes);
  if (labels.dim() != 1 || labels.size(0) != plain.size(0) || labels.min().item<std::int64_t>() < 0)
    throw data_error("trees need one label for each code, 0 or more");
  dimensions_ = plain.size(1);
  const auto [found, places] =
      at::_unique(labels.to(torch::kCPU, torch::kLong), /*sorted=*/true, /*return_inverse=*/true);
  labels_ = found;
  const auto classes = static_cast<std::size_t>(found.size(0));
  importances_ = torch::zeros({dimensions_}, torch::kDouble);
  const auto rows = static_cast<std::size_t>(plain.size(0));
  const std::int64_t* place = places.data_ptr<std::int64_t>();
  const auto shares = (torch::bincount(places).to(torch::kDouble) / static_cast<double>(rows)).contiguous();
  if (classes == 1) return;

  // Two classes have one score, of the second against the first.
  const bool two = classes == 2;
  const std::size_t scores = two ? 1 : classes;
  for (std::size_t k = 0; k < scores; ++k) {
    const double share = shares.data_ptr<double>()[two ? 1 : k];
    start_.push_back(two ? std::log(share / (1 - share)) : std::log(share));
  }
  const Table table(plain);
  std::vector<std::vector<double>> score(scores), residual(scores, std::vector<double>(rows));
  for (std::size_t k = 0; k < scores; ++k) score[k].assign(rows, start_[k]);
  std::vector<double> gains(static_cast<std::size_t>(dimensions_));

  for (std::int64_t round = 0; round < options.rounds; ++round) {
    for (std::size_t row = 0; row < rows; ++row) {
      const auto own = static_cast<std::size_t>(place[row]);
      if (two) {
        residual[0][row] = static_cast<double>(own) - 1 / (1 + std::exp(-score[0][row]));
        continue;
      }
      double top = score[0][row], sum = 0;
      for (std::size_t k = 1; k < scores; ++k) top = std::max(top, score[k][row]);
      for (std::size_t k = 0; k < scores; ++k) sum += residual[k][row] = std::exp(score[k][row] - top);
      for (std::size_t k = 0; k < scores; ++k) residual[k][row] = (k == own) - residual[k][row] / sum;
    }
    std::vector<Grown> grown(scores);
    parallel_for(0, static_cast<std::int64_t>(scores), 1, [&](std::int64_t from, std::int64_t to) {
      for (std::int64_t score_of = from; score_of < to; ++score_of) {
        const auto k = static_cast<std::size_t>(score_of);
        auto& tree = grown[k] = grow(table, residual[k], options.depth);
        // One Newton step on the deviance in each leaf.
        std::vector<double> slope(tree.tree.size()), curve(tree.tree.size());
        for (std::size_t row = 0; row < rows; ++row) {
          const double r = residual[k][row];
          const bool own = two ? place[row] == 1 : static_cast<std::size_t>(place[row]) == k;
          const double p = own - r;
          slope[static_cast<std::size_t>(tree.leaves[row])] += r;
          curve[static_cast<std::size_t>(tree.leaves[row])] += p * (1 - p);
        }
        const double factor = two ? 1 : static_cast<double>(classes - 1) / static_cast<double>(classes);
        for (std::size_t node = 0; node < tree.tree.size(); ++node) {
          if (tree.tree[node].dimension < 0 && std::abs(curve[node]) >= 1e-150)
            tree.tree[node].value = options.rate * factor * slope[node] / curve[node];
        }
        for (std::size_t row = 0; row < rows; ++row)
          score[k][row] += tree.tree[static_cast<std::size_t>(tree.leaves[row])].value;
      }
    });
    trees_.emplace_back();
    for (auto& each : grown) {
      for (std::size_t d = 0; d < gains.size(); ++d) gains[d] += each.gains[d];
      trees_.back().push_back(std::move(each.tree));
    }
  }
  const double sum = std::accumulate(gains.begin(), gains.end(), 0.0);
  for (std::size_t d = 0; d < gains.size() && sum > 0; ++d)
    importances_.data_ptr<double>()[d] = gains[d] / sum;
}

Tensor BoostedTrees::predict(const Tensor& codes) const {
  const auto plain = plain_codes(codes);
  if (plain.size(1) != dimensions_)
    throw data_error("codes of another size than those that trees were fitted to");
  const auto places = torch::zeros({plain.size(0)}, torch::kLong);
  parallel_for(0, plain.size(0), 64, [&](std::int64_t from, std::int64_t to) {
    std::vector<double> score;
    for (std::int64_t row = from; row < to; ++row) {
      const float* code = plain.data_ptr<float>() + row * dimensions_;
      score = start_;
      for (const auto& round : trees_) {
        for (std::size_t k = 0; k < round.size(); ++k) {
          const Node* node = &round[k][0];
          while (node->dimension >= 0)
            node = &round[k][static_cast<std::size_t>(
                code[node->dimension] <= node->threshold ? node->left : node->right)];
          score[k] += node->value;
        }
      }
      std::int64_t best = 0;
      if (score.size() == 1) best = score[0] > 0 ? 1 : 0;
      if (score.size() > 1) best = std::max_element(score.begin(), score.end()) - score.begin();
      places.data_ptr<std::int64_t>()[row] = best;
    }
  });
  return labels_.index_select(0, places);
}

}  // namespace belamy
