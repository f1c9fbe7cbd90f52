// k-means, neighbours, the linear probe and the ROC curve against closed forms and plain counting.
#include <cmath>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "metrics/clustering.h"
#include "metrics/probes.h"
#include "metrics/roc.h"
#include "small_data.h"

namespace belamy {
namespace {

// K far balls of n points each around (0, 0), (100, 0), ..., and their labels.
std::pair<Tensor, Tensor> balls(std::int64_t k, std::int64_t n, std::uint64_t seed) {
  auto points = torch::randn({k, n, 2}, seeded(seed));
  points.select(2, 0) += 100 * torch::arange(k).unsqueeze(1);
  return {points.view({-1, 2}), torch::arange(k).repeat_interleave(n)};
}

TEST(KMeans, FindsBallsAndTheirMeans) {
  const auto [points, labels] = balls(5, 40, 1);
  const auto found = k_means(points, 5, {.seed = 3});
  EXPECT_EQ(cluster_accuracy(found.assignment, labels).one_to_one, 1);
  for (std::int64_t k = 0; k < 5; ++k) {
    const auto mine = points.narrow(0, 40 * k, 40);
    const auto cluster = found.assignment[40 * k].item<std::int64_t>();
    EXPECT_LT((found.centres[cluster] - mine.mean(0)).abs().max().item<double>(), 1e-4);
  }
  const auto spread =
      (points.view({5, 40, 2}) - points.view({5, 40, 2}).mean(1, true)).square().sum(2).mean();
  EXPECT_NEAR(found.inertia, spread.item<double>(), 1e-3);
  EXPECT_TRUE(assign_clusters(points, found.centres).equal(found.assignment));
}

TEST(KMeans, NeverKeepsAnEmptyCluster) {
  // 30 copies of one point and four others: random first centres are copies, and all but one of those run
  // empty.
  auto points = torch::zeros({34, 2});
  points.narrow(0, 30, 4).copy_(torch::tensor({{9.0f, 0.0f}, {0.0f, 9.0f}, {-9.0f, 0.0f}, {0.0f, -9.0f}}));
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const auto found = k_means(points, 5, {.plus_plus = false, .seed = seed});
    EXPECT_LT(found.inertia, 1e-9) << seed;
  }
}

TEST(KMeans, StopsWhereNothingChangesAndObeysItsLimit) {
  const auto points = torch::randn({500, 3}, seeded(2));
  EXPECT_EQ(k_means(points, 7, {.iterations = 2}).iterations, 2);
  EXPECT_LT(k_means(points, 7, {.iterations = 1000}).iterations, 200);
  EXPECT_LT(k_means(points, 7).inertia, k_means(points, 7, {.iterations = 0}).inertia);
  EXPECT_TRUE(k_means(points, 7).centres.equal(k_means(points, 7).centres));
  EXPECT_THROW(k_means(points, 501), Error);
  EXPECT_THROW(k_means(points, 0), Error);
}

TEST(ClusterAccuracy, MajorityAndMatching) {
  // Clusters 0 and 1 both hold mostly class 0; only one of them may have it in the matching.
  const auto clusters = torch::tensor({0, 0, 0, 1, 1, 1, 2, 2}, torch::kLong);
  const auto labels = torch::tensor({0, 0, 1, 0, 0, 1, 2, 1}, torch::kLong);
  const auto accuracy = cluster_accuracy(clusters, labels);
  EXPECT_DOUBLE_EQ(accuracy.majority, 5 / 8.0);
  EXPECT_DOUBLE_EQ(accuracy.one_to_one, 4 / 8.0);  // 2 of class 0, 1 of class 1, 1 of class 2
  // More clusters than classes.
  const auto many = cluster_accuracy(torch::arange(8), labels);
  EXPECT_DOUBLE_EQ(many.majority, 1);
  EXPECT_DOUBLE_EQ(many.one_to_one, 3 / 8.0);
  EXPECT_THROW(cluster_accuracy(clusters, labels.narrow(0, 0, 7)), Error);
}

TEST(NearestLabels, VoteAndDecideTies) {
  const auto codes = torch::tensor({0.0f, 1.0f, 2.0f, 10.0f, 11.0f}).unsqueeze(1);
  const auto labels = torch::tensor({4, 7, 7, 0, 0}, torch::kLong);
  const auto query = torch::tensor({0.1f, 9.0f}).unsqueeze(1);
  EXPECT_TRUE(nearest_labels(query, codes, labels, 1).equal(torch::tensor({4, 0}, torch::kLong)));
  EXPECT_TRUE(nearest_labels(query, codes, labels, 3).equal(torch::tensor({7, 0}, torch::kLong)));
  // 4 and 7 with one vote each: the nearer one. 7 and 0 with two each at 9: 10 and 11 are nearer.
  EXPECT_EQ(nearest_labels(query, codes, labels, 2)[0].item<std::int64_t>(), 4);
  EXPECT_EQ(nearest_labels(query, codes, labels, 4)[1].item<std::int64_t>(), 0);
  EXPECT_THROW(nearest_labels(query, codes, labels, 6), Error);
  EXPECT_THROW(nearest_labels(query, codes, labels.narrow(0, 0, 3), 1), Error);
}

TEST(LinearProbe, LogOddsOfATable) {
  // One binary feature and two classes: without decay the fit is the table of counts itself.
  //              class 0   class 1
  // feature 0       30        10
  // feature 1       20        60
  std::vector<float> codes;
  std::vector<std::int64_t> labels;
  const auto add = [&](int n, float code, std::int64_t label) {
    for (int i = 0; i < n; ++i) {
      codes.push_back(code);
      labels.push_back(label);
    }
  };
  add(30, 0, 0), add(10, 0, 1), add(20, 1, 0), add(60, 1, 1);
  const auto probe = fit_linear_probe(torch::tensor(codes).unsqueeze(1), torch::tensor(labels), {.decay = 0});
  const auto logit = [&](double x) {
    const auto both = probe.weight.squeeze(1) * x + probe.bias;
    return (both[1] - both[0]).item<double>();
  };
  EXPECT_NEAR(logit(0), std::log(10.0 / 30), 1e-4);
  EXPECT_NEAR(logit(1), std::log(60.0 / 20), 1e-4);
  EXPECT_LT(probe.gradient, 1e-5);
  const double entropy =
      -(30 * std::log(0.75) + 10 * std::log(0.25) + 20 * std::log(0.25) + 60 * std::log(0.75)) / 120;
  EXPECT_NEAR(probe.loss, entropy, 1e-8);
}

TEST(LinearProbe, SeparatesBallsAndIgnoresScaleAndConstants) {
  auto [points, labels] = balls(4, 50, 5);
  const auto wide =
      torch::cat({points * 1e-4, torch::full({200, 1}, 3.0f), 1e5 * torch::randn({200, 1}, seeded(6))}, 1);
  const auto probe = fit_linear_probe(wide, labels);
  EXPECT_EQ((probe.predict(wide) == labels).to(torch::kDouble).mean().item<double>(), 1);
  EXPECT_LT(probe.gradient, 1e-4);
  EXPECT_EQ(probe.weight.select(1, 2).abs().max().item<double>(), 0);
  EXPECT_THROW(fit_linear_probe(wide, labels.narrow(0, 0, 10)), Error);
  EXPECT_THROW(fit_linear_probe(wide, labels - 1), Error);
}

TEST(LinearProbe, WorksWhileARunForbidsGradients) {
  const torch::NoGradGuard no_grad;  // as while a Run lives
  const auto [points, labels] = balls(2, 20, 7);
  EXPECT_TRUE(fit_linear_probe(points, labels).predict(points).equal(labels));
}

TEST(RocArea, CountsPairs) {
  // 3 usual, 4 strange; of 12 pairs: by hand.
  const std::vector<double> scores = {1, 2, 3, 2, 3, 4, 0};
  const std::vector<bool> strange = {false, false, false, true, true, true, true};
  double pairs = 0;
  for (int i = 0; i < 3; ++i)
    for (int j = 3; j < 7; ++j) pairs += scores[j] > scores[i] ? 1 : scores[j] == scores[i] ? 0.5 : 0;
  const auto found = roc_area(scores, strange);
  EXPECT_DOUBLE_EQ(found.area, pairs / 12);
  EXPECT_EQ(found.usual, 3);
  EXPECT_EQ(found.strange, 4);
  // The placements of DeLong: strange 2 -> 1.5/3, 3 -> 2.5/3, 4 -> 1, 0 -> 0; usual 1 -> 3/4, 2 -> 2.5/4, 3
  // -> 1.5/4.
  const auto variance = [](const std::vector<double>& x) {
    double mean = 0, sum = 0;
    for (const double v : x) mean += v / static_cast<double>(x.size());
    for (const double v : x) sum += (v - mean) * (v - mean);
    return sum / static_cast<double>(x.size() - 1);
  };
  EXPECT_NEAR(found.standard_error,
              std::sqrt(variance({0.5, 2.5 / 3, 1, 0}) / 4 + variance({0.75, 0.625, 0.375}) / 3), 1e-12);
}

TEST(RocArea, PerfectReversedAndAllTied) {
  const std::vector<bool> strange = {false, false, true, true};
  EXPECT_DOUBLE_EQ(roc_area(std::vector<double>{1, 2, 3, 4}, strange).area, 1);
  EXPECT_DOUBLE_EQ(roc_area(std::vector<double>{1, 2, 3, 4}, strange).standard_error, 0);
  EXPECT_DOUBLE_EQ(roc_area(std::vector<double>{4, 3, 2, 1}, strange).area, 0);
  EXPECT_DOUBLE_EQ(roc_area(std::vector<double>{7, 7, 7, 7}, strange).area, 0.5);
  EXPECT_THROW(roc_area(std::vector<double>{1, 2}, {true, true}), Error);
  EXPECT_THROW(roc_area(std::vector<double>{1, NAN}, {true, false}), Error);
  EXPECT_THROW(roc_area(std::vector<double>{1, 2, 3}, {true, false}), Error);
}

TEST(RocArea, StandardErrorIsThatOfRepeatedDraws) {
  // Normal scores one deviation apart: AUC = Phi(1 / sqrt 2) = 0.7602. 400 repetitions: the deviation of the
  // areas is known to 1 / sqrt(800) = 3.5 %, the tolerance is four times that.
  Random random(11);
  const std::vector<bool> strange = [] {
    std::vector<bool> s(150, false);
    std::fill(s.begin() + 100, s.end(), true);
    return s;
  }();
  double sum = 0, squares = 0, errors = 0;
  constexpr int n = 400;
  for (int i = 0; i < n; ++i) {
    std::vector<double> scores;
    for (const bool s : strange) scores.push_back(random.normal() + s);
    const auto found = roc_area(scores, strange);
    sum += found.area;
    squares += found.area * found.area;
    errors += found.standard_error;
  }
  const double mean = sum / n, deviation = std::sqrt(squares / n - mean * mean);
  EXPECT_NEAR(mean, 0.76025, 4 * deviation / std::sqrt(n));
  EXPECT_NEAR(errors / n, deviation, 0.14 * deviation);
}

TEST(RocCurve, ItsAreaIsTheArea) {
  const std::vector<double> scores = {1, 2, 2, 3, 3, 3, 4, 0};
  const std::vector<bool> strange = {false, true, false, true, true, false, true, false};
  const auto curve = roc_curve(scores, strange);
  EXPECT_EQ(curve.front(), (std::pair<double, double>{0, 0}));
  EXPECT_EQ(curve.back(), (std::pair<double, double>{1, 1}));
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i)
    area += (curve[i].first - curve[i - 1].first) * (curve[i].second + curve[i - 1].second) / 2;
  EXPECT_NEAR(area, roc_area(scores, strange).area, 1e-12);
}

}  // namespace
}  // namespace belamy
