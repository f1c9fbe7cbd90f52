// t-SNE: its affinities, its gradient against finite differences and against the exact sum, and a map of
// clusters.
#include "metrics/tsne.h"

#include <cmath>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "metrics/clustering.h"
#include "small_data.h"

namespace belamy {
namespace {

std::vector<double> numbers(std::int64_t n, std::uint64_t seed, double scale) {
  const auto drawn = (torch::randn({n}, seeded(seed)) * scale).to(torch::kDouble);
  return {drawn.data_ptr<double>(), drawn.data_ptr<double>() + n};
}

// [N, N] of the sparse rows.
Tensor dense(const TsneAffinities& affinities) {
  const auto n = static_cast<std::int64_t>(affinities.row.size()) - 1;
  auto all = torch::zeros({n, n}, torch::kDouble);
  for (std::int64_t i = 0; i < n; ++i) {
    for (auto e = affinities.row[static_cast<std::size_t>(i)];
         e < affinities.row[static_cast<std::size_t>(i + 1)]; ++e)
      all[i][affinities.column[static_cast<std::size_t>(e)]] = affinities.value[static_cast<std::size_t>(e)];
  }
  return all;
}

TEST(TsneAffinities, AreSymmetricAndSumToOne) {
  const auto p = dense(tsne_affinities(torch::randn({60, 5}, seeded(1)), 10));
  EXPECT_NEAR(p.sum().item<double>(), 1, 1e-9);
  EXPECT_TRUE(p.equal(p.t().contiguous()));
  EXPECT_EQ(p.diagonal().abs().max().item<double>(), 0);
}

TEST(TsneAffinities, HaveTheWantedPerplexity) {
  // On a circle all points are alike, so that symmetrising changes nothing: each row of N P has the
  // perplexity.
  const auto angle = torch::arange(90) * (2 * M_PI / 90);
  const auto circle = torch::stack({angle.cos(), angle.sin()}, 1) * 3;
  const auto rows = dense(tsne_affinities(circle, 8)) * 90;
  const auto entropy = -(rows * rows.clamp_min(1e-300).log()).sum(1);
  EXPECT_LT((entropy.exp() - 8).abs().max().item<double>(), 0.02);
}

TEST(TsneAffinities, CopiesDoNoHarm) {
  const auto p = dense(tsne_affinities(torch::zeros({40, 3}), 5));
  EXPECT_NEAR(p.sum().item<double>(), 1, 1e-9);
  EXPECT_TRUE(p.isfinite().all().item<bool>());
}

// The weight of a point far away is too small for its type.
TEST(TsneMap, OfCopiesAndOnePointFarAwayHasADivergence) {
  auto data = torch::zeros({40, 3});
  data[39] += 1e6;
  data[38] += 1;
  const auto map = tsne(data, {.perplexity = 5, .iterations = 50});
  EXPECT_TRUE(std::isfinite(map.divergence));
  EXPECT_TRUE(map.points.isfinite().all().item<bool>());
}

TEST(TsneGradient, IsThatOfTheDivergence) {
  const auto affinities = tsne_affinities(torch::randn({31, 4}, seeded(2)), 10);
  auto points = numbers(62, 3, 1.0);
  std::vector<double> gradient, ignored;
  tsne_gradient(affinities, points, 0, 1, gradient);
  constexpr double h = 1e-5;
  for (const std::size_t i : {0u, 7u, 30u, 61u}) {
    const double before = points[i];
    points[i] = before + h;
    const double above = tsne_gradient(affinities, points, 0, 1, ignored);
    points[i] = before - h;
    const double below = tsne_gradient(affinities, points, 0, 1, ignored);
    points[i] = before;
    EXPECT_NEAR(gradient[i], (above - below) / (2 * h), 1e-7 + 1e-5 * std::abs(gradient[i]));
  }
}

TEST(TsneGradient, TheDivergenceIsThatOfItsDefinition) {
  const auto affinities = tsne_affinities(torch::randn({31, 4}, seeded(2)), 10);
  const auto points = numbers(62, 3, 1.0);
  const auto y = torch::tensor(points, torch::kDouble).view({31, 2}), p = dense(affinities);
  auto q = 1 / (1 + (y.unsqueeze(0) - y.unsqueeze(1)).square().sum(2));
  q.fill_diagonal_(0);
  q /= q.sum();
  const auto expected = torch::where(p > 0, p * (p / q).log(), torch::zeros_like(p)).nansum().item<double>();
  std::vector<double> gradient;
  EXPECT_NEAR(tsne_gradient(affinities, points, 0, 1, gradient), expected, 1e-9);
}

TEST(TsneGradient, TheTreeIsCloseToTheSum) {
  const auto affinities = tsne_affinities(torch::randn({400, 4}, seeded(4)), 20);
  const auto points = numbers(800, 5, 10.0);
  std::vector<double> exact, tree;
  const double divergence = tsne_gradient(affinities, points, 0, 1, exact);
  EXPECT_NEAR(tsne_gradient(affinities, points, 0.5, 1, tree), divergence, 0.01 * divergence);
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    error += (exact[i] - tree[i]) * (exact[i] - tree[i]);
    norm += exact[i] * exact[i];
  }
  EXPECT_LT(std::sqrt(error / norm), 0.03);
  EXPECT_GT(error, 0);  // it is an approximation
}

TEST(TsneGradient, PointsAtOnePlace) {
  const auto affinities = tsne_affinities(torch::randn({40, 4}, seeded(6)), 10);
  std::vector<double> gradient;
  const double divergence = tsne_gradient(affinities, std::vector<double>(80, 0.25), 0.5, 1, gradient);
  EXPECT_TRUE(std::isfinite(divergence));
  for (const double g : gradient) EXPECT_NEAR(g, 0, 1e-12);
}

TEST(Tsne, KeepsClustersApart) {
  auto data = torch::randn({5, 60, 10}, seeded(7));
  data += 12 * torch::randn({5, 1, 10}, seeded(8));
  const auto labels = torch::arange(5).repeat_interleave(60);
  const auto map = tsne(data.view({300, 10}), {.perplexity = 15, .iterations = 400});
  EXPECT_EQ(map.points.sizes(), (std::vector<std::int64_t>{300, 2}));
  EXPECT_LT(map.divergence, 1.5);
  const auto clusters = k_means(map.points, 5, {.restarts = 10});
  EXPECT_EQ(cluster_accuracy(clusters.assignment, labels).one_to_one, 1);
  EXPECT_TRUE(tsne(data.view({300, 10}), {.perplexity = 15, .iterations = 20})
                  .points.equal(tsne(data.view({300, 10}), {.perplexity = 15, .iterations = 20}).points));
}

TEST(Tsne, BadInput) {
  const auto data = torch::randn({20, 3}, seeded(9));
  EXPECT_THROW(tsne(data, {.perplexity = 7}), Error);  // (20 - 1) / 3 = 6.3
  EXPECT_THROW(tsne(data, {.perplexity = 5, .theta = 0.8}), Error);
  EXPECT_THROW(tsne(torch::full({20, 3}, NAN), {.perplexity = 5}), Error);
}

}  // namespace
}  // namespace belamy
