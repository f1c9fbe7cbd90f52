#include "metrics/disentanglement.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "belamy/error.h"

#include "core/random.h"
#include "metrics/boosted_trees.h"

namespace belamy {
namespace {

using torch::Tensor;

// Entropy in nats of counts of any shape.
double entropy_of(const Tensor& counts) {
  const auto p = counts.to(torch::kDouble).flatten();
  const auto share = p / p.sum();
  return -at::xlogy(share, share).sum().item<double>();
}

// [N] int64: the bin of each value.
Tensor binned(const Tensor& values, std::int64_t bins) {
  const auto low = values.min(), width = values.max() - low;
  // A constant dimension has all its values in the first bin.
  const auto place = (values - low) / width.clamp_min(1e-300) * static_cast<double>(bins);
  return place.to(torch::kLong).clamp_max(bins - 1);
}

void check_factors(const Tensor& codes, const Tensor& factors) {
  if (codes.dim() != 2 || factors.dim() != 2 || codes.size(0) != factors.size(0) || codes.numel() == 0)
    throw data_error("the measures of factors need codes [N, D] and factors [N, F] of the same data");
  if (!codes.isfinite().all().item<bool>()) throw data_error("a code is not finite");
  if (factors.numel() > 0 && factors.min().item<std::int64_t>() < 0)
    throw data_error("a factor has a negative value");
}

void check_factors(const Tensor& codes, const Tensor& factors, const Tensor& test_codes,
                   const Tensor& test_factors) {
  check_factors(codes, factors);
  check_factors(test_codes, test_factors);
  if (codes.size(1) != test_codes.size(1) || factors.size(1) != test_factors.size(1))
    throw data_error("codes and factors of the test differ in number from those that are fitted to");
}

double share_of(const Tensor& found, const Tensor& right) {
  return (found == right).to(torch::kDouble).mean().item<double>();
}

// 1 minus the entropy of the rows of [R, C], in units of log C: mean weighted by the sums of the rows.
double concentration_of(const Tensor& rows) {
  const auto weights = rows.to(torch::kCPU, torch::kDouble);
  const auto sums = weights.sum(1, /*keepdim=*/true);
  const double total = sums.sum().item<double>();
  if (total <= 0) return 0;
  if (weights.size(1) == 1) return 1;
  const auto shares = weights / sums.clamp_min(1e-300);
  const auto entropies = -at::xlogy(shares, shares).sum(1) / std::log(static_cast<double>(weights.size(1)));
  return ((1 - entropies) * sums.squeeze(1)).sum().item<double>() / total;
}

// The largest entry of a column minus the second largest.
double lead_of(const Tensor& column) {
  if (column.size(0) == 1) return column[0].item<double>();
  const auto top = std::get<0>(column.topk(2));
  return (top[0] - top[1]).item<double>();
}

double squared_correlation(const Tensor& x, const Tensor& y) {
  const auto a = x - x.mean(), b = y - y.mean();
  const double variance = a.square().mean().item<double>(), other = b.square().mean().item<double>();
  if (variance < 1e-12 || other <= 0) return 0;
  const double covariance = (a * b).mean().item<double>();
  return covariance * covariance / (variance * other);
}

// A linear support vector machine on one value, with squared hinge loss and the intercept in the penalty:
// min (w^2 + b^2) / 2 + sum_i cost_i max(0, 1 - y_i (w x_i + b))^2, by Newton's method, which ends after finitely many steps.
std::pair<double, double> fit_machine(const std::vector<double>& x, const std::vector<double>& y,
                                      const std::vector<double>& cost) {
  const auto loss = [&](double w, double b) {
    double sum = (w * w + b * b) / 2;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double under = std::max(0.0, 1 - y[i] * (w * x[i] + b));
      sum += cost[i] * under * under;
    }
    return sum;
  };
  double w = 0, b = 0, now = loss(w, b);
  for (int iteration = 0; iteration < 100; ++iteration) {
    double gw = w, gb = b, ww = 1, wb = 0, bb = 1;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double under = 1 - y[i] * (w * x[i] + b);
      if (under <= 0) continue;
      gw -= 2 * cost[i] * y[i] * under * x[i];
      gb -= 2 * cost[i] * y[i] * under;
      ww += 2 * cost[i] * x[i] * x[i];
      wb += 2 * cost[i] * x[i];
      bb += 2 * cost[i];
    }
    const double determinant = ww * bb - wb * wb;
    const double dw = -(bb * gw - wb * gb) / determinant, db = -(ww * gb - wb * gw) / determinant;
    if (std::abs(dw) + std::abs(db) < 1e-12 * (1 + std::abs(w) + std::abs(b))) break;
    double step = 1, next = loss(w + dw, b + db);
    for (int halved = 0; next > now && halved < 40; ++halved) {
      step /= 2;
      next = loss(w + step * dw, b + step * db);
    }
    if (next > now) break;
    w += step * dw;
    b += step * db;
    now = next;
  }
  return {w, b};
}

std::vector<double> list_of(const Tensor& values) {
  const auto plain = values.to(torch::kDouble).contiguous();
  return {plain.data_ptr<double>(), plain.data_ptr<double>() + plain.numel()};
}

// The share of test values whose class the machines of the classes find.
double machine_accuracy(const Tensor& values, const Tensor& classes, const Tensor& test_values,
                        const Tensor& test_classes) {
  constexpr double penalty = 0.01;
  const auto x = list_of(values);
  const auto [labels, places] = at::_unique(classes, /*sorted=*/true, /*return_inverse=*/true);
  const auto count = labels.size(0);
  if (count == 1) return share_of(labels[0], test_classes);
  const auto sizes = torch::bincount(places);
  const std::int64_t* place = places.data_ptr<std::int64_t>();
  const auto weight = [&](std::int64_t k) {
    return static_cast<double>(x.size()) / static_cast<double>(count * sizes[k].item<std::int64_t>());
  };
  std::vector<Tensor> decisions;
  // Of two classes one machine decides, in which both have their weights; of more each class has its own.
  for (std::int64_t k = count == 2 ? 1 : 0; k < count; ++k) {
    const double own = penalty * weight(k), other = penalty * (count == 2 ? weight(0) : 1);
    std::vector<double> y, cost;
    for (std::size_t i = 0; i < x.size(); ++i) {
      y.push_back(place[i] == k ? 1 : -1);
      cost.push_back(place[i] == k ? own : other);
    }
    const auto [w, b] = fit_machine(x, y, cost);
    decisions.push_back(test_values * w + b);
  }
  const auto best = count == 2 ? (decisions[0] > 0).to(torch::kLong) : torch::stack(decisions).argmax(0);
  return share_of(labels.index_select(0, best), test_classes);
}

}  // namespace

InformationGap information_gap(const Tensor& codes, const Tensor& factors, std::int64_t bins) {
  if (bins < 2) throw usage_error("a histogram needs at least two bins");
  check_factors(codes, factors);
  const auto values = codes.detach().to(torch::kCPU, torch::kDouble);
  const auto known = factors.to(torch::kCPU, torch::kLong);
  std::vector<Tensor> bins_of;
  for (std::int64_t d = 0; d < values.size(1); ++d) bins_of.push_back(binned(values.select(1, d), bins));

  InformationGap found;
  for (std::int64_t f = 0; f < known.size(1); ++f) {
    const auto factor = known.select(1, f).contiguous();
    const auto levels = factor.max().item<std::int64_t>() + 1;
    const double entropy = entropy_of(torch::bincount(factor));
    if (entropy <= 0) throw data_error("a factor has the same value for all data");
    double first = 0, second = 0;
    std::int64_t dimension = 0;
    for (std::size_t d = 0; d < bins_of.size(); ++d) {
      const auto joint =
          torch::bincount(bins_of[d] * levels + factor, {}, bins * levels).view({bins, levels});
      const double information = std::max(0.0, entropy_of(joint.sum(1)) + entropy - entropy_of(joint));
      if (information > first) {
        second = first;
        first = information;
        dimension = static_cast<std::int64_t>(d);
      } else {
        second = std::max(second, information);
      }
    }
    found.gaps.push_back((first - second) / entropy);
    found.most.push_back(first / entropy);
    found.dimensions.push_back(dimension);
    found.mean += found.gaps.back() / static_cast<double>(known.size(1));
  }
  return found;
}

double disentanglement_of(const Tensor& importances) {
  return concentration_of(importances);
}

double completeness_of(const Tensor& importances) {
  return concentration_of(importances.t());
}

DciScores dci_scores(const Tensor& codes, const Tensor& factors, const Tensor& test_codes,
                     const Tensor& test_factors) {
  check_factors(codes, factors, test_codes, test_factors);
  if (factors.size(1) < 2) throw data_error("disentanglement needs at least two factors");
  DciScores scores;
  std::vector<Tensor> columns;
  for (std::int64_t f = 0; f < factors.size(1); ++f) {
    const BoostedTrees trees(codes, factors.select(1, f).contiguous());
    columns.push_back(trees.importances());
    scores.accuracy.push_back(
        share_of(trees.predict(test_codes), test_factors.select(1, f).to(torch::kCPU, torch::kLong)));
    scores.informativeness += scores.accuracy.back() / static_cast<double>(factors.size(1));
  }
  scores.importances = torch::stack(columns, 1);
  scores.disentanglement = disentanglement_of(scores.importances);
  scores.completeness = completeness_of(scores.importances);
  return scores;
}

AttributeSeparation attribute_separation(const Tensor& codes, const Tensor& factors, const Tensor& test_codes,
                                         const Tensor& test_factors, const std::vector<bool>& ordered) {
  check_factors(codes, factors, test_codes, test_factors);
  const auto known = static_cast<std::size_t>(factors.size(1));
  if (ordered.size() != known || known == 0) throw data_error("say of each factor whether it is ordered");
  const auto x = codes.detach().to(torch::kCPU, torch::kDouble),
             test_x = test_codes.detach().to(torch::kCPU, torch::kDouble);
  const auto y = factors.to(torch::kCPU, torch::kLong), test_y = test_factors.to(torch::kCPU, torch::kLong);
  AttributeSeparation found;
  found.scores = torch::zeros({x.size(1), y.size(1)}, torch::kDouble);
  for (std::int64_t f = 0; f < y.size(1); ++f) {
    for (std::int64_t d = 0; d < x.size(1); ++d) {
      const auto value = x.select(1, d);
      const auto factor = y.select(1, f).contiguous();
      found.scores[d][f] = ordered[static_cast<std::size_t>(f)]
                               ? squared_correlation(value, factor.to(torch::kDouble))
                               : machine_accuracy(value, factor, test_x.select(1, d), test_y.select(1, f));
    }
    found.gaps.push_back(lead_of(found.scores.select(1, f)));
    found.mean += found.gaps.back() / static_cast<double>(known);
  }
  return found;
}

double factor_vae_score(const Tensor& codes, const Tensor& factors, const FactorVotes& votes) {
  check_factors(codes, factors);
  const auto x = codes.detach().to(torch::kCPU, torch::kDouble).contiguous();
  const auto variance = x.var(0, /*unbiased=*/false).contiguous();
  const double largest = variance.max().item<double>();
  if (factors.size(1) == 0) throw data_error("the score of FactorVAE needs factors");
  if (largest <= 0) return 0;
  std::vector<std::size_t> active;
  for (std::int64_t d = 0; d < x.size(1); ++d) {
    if (variance[d].item<double>() >= votes.least_deviation * votes.least_deviation * largest)
      active.push_back(static_cast<std::size_t>(d));
  }
  // The rows of each value of each factor.
  const auto y = factors.to(torch::kCPU, torch::kLong).contiguous();
  const auto rows = static_cast<std::size_t>(x.size(0)), width = static_cast<std::size_t>(x.size(1)),
             known = static_cast<std::size_t>(y.size(1));
  const std::int64_t* value = y.data_ptr<std::int64_t>();
  std::vector<std::vector<std::vector<std::size_t>>> members(known);
  for (std::size_t f = 0; f < known; ++f) {
    for (std::size_t row = 0; row < rows; ++row) {
      const auto v = static_cast<std::size_t>(value[row * known + f]);
      if (v >= members[f].size()) members[f].resize(v + 1);
      members[f][v].push_back(row);
    }
  }
  Random random(votes.seed);
  const double* code = x.data_ptr<double>();
  const auto vote = [&]() -> std::pair<std::size_t, std::size_t> {
    const auto f = static_cast<std::size_t>(random.below(known));
    const auto& group = members[f][static_cast<std::size_t>(value[random.below(rows) * known + f])];
    std::vector<double> sum(width), squares(width);
    for (std::int64_t i = 0; i < votes.batch; ++i) {
      const double* at = code + group[random.below(group.size())] * width;
      // Deviations from one code of the group keep the digits of the differences.
      const double* origin = code + group[0] * width;
      for (const auto d : active) {
        sum[d] += at[d] - origin[d];
        squares[d] += (at[d] - origin[d]) * (at[d] - origin[d]);
      }
    }
    std::size_t least = active[0];
    double smallest = std::numeric_limits<double>::infinity();
    for (const auto d : active) {
      const auto n = static_cast<double>(votes.batch);
      const double local = (squares[d] - sum[d] * sum[d] / n) / variance.data_ptr<double>()[d];
      if (local < smallest) smallest = local, least = d;
    }
    return {f, least};
  };
  std::vector<std::vector<std::int64_t>> table(width, std::vector<std::int64_t>(known));
  for (std::int64_t i = 0; i < votes.fitted; ++i) {
    const auto [f, d] = vote();
    ++table[d][f];
  }
  std::vector<std::size_t> meaning;
  for (const auto& row : table)
    meaning.push_back(static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin()));
  std::int64_t right = 0;
  for (std::int64_t i = 0; i < votes.tested; ++i) {
    const auto [f, d] = vote();
    right += meaning[d] == f;
  }
  return static_cast<double>(right) / static_cast<double>(votes.tested);
}

}  // namespace belamy
