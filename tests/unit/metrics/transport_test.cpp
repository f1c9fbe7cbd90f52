#include "metrics/transport.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <numbers>
#include <torch/types.h>

#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;
using torch::Tensor;

Tensor uniform(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::rand(shape, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kDouble);
}

Tensor vector(std::vector<double> values) {
  return torch::tensor(values, torch::kDouble);
}

void expect_marginals(const Tensor& plan, const Tensor& from, const Tensor& to, double tolerance) {
  EXPECT_GE(plan.min().item<double>(), 0);
  EXPECT_LE((plan.sum(1) - from).abs().max().item<double>(), tolerance);
  EXPECT_LE((plan.sum(0) - to).abs().max().item<double>(), tolerance);
}

std::string error_of(const std::function<void()>& call, ExitCode code) {
  return message_of(code, call);
}

// The least cost over all assignments of n to n, by trying each.
double best_assignment(const Tensor& costs) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(costs.size(0)));
  std::iota(order.begin(), order.end(), 0);
  double best = 1e300;
  do {
    double sum = 0;
    for (std::size_t i = 0; i < order.size(); ++i)
      sum += costs[static_cast<std::int64_t>(i)][order[i]].item<double>();
    best = std::min(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

// Masses 3, 1, 2 at 1, 2, 3 are to be moved to 1, 1, 2, 2 at 7, 8, 9, 10.
struct Heaps {
  Tensor from = vector({3, 1, 2}), to = vector({1, 1, 2, 2});
  Tensor costs = (vector({1, 2, 3}).unsqueeze(1) - vector({7, 8, 9, 10}).unsqueeze(0)).abs();
};

TEST(OptimalTransport, MovesTheHeapsOfEarthFor42) {
  const Heaps heaps;
  const auto best = optimal_transport(heaps.from, heaps.to, heaps.costs);
  EXPECT_EQ(best.cost, 42);
  expect_marginals(best.plan, heaps.from, heaps.to, 0);
  EXPECT_TRUE(best.plan.equal(best.plan.floor()));
}

TEST(OptimalTransport, FindsTheBestAssignment) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Tensor costs = uniform({6, 6}, seed) - 0.3;  // also costs below 0
    const Tensor ones = torch::ones({6});
    const auto best = optimal_transport(ones, ones, costs);
    EXPECT_NEAR(best.cost, best_assignment(costs), 1e-12) << "seed " << seed;
    EXPECT_EQ(best.plan.gt(0).sum().item<std::int64_t>(), 6);
    EXPECT_NEAR(best.cost, (best.plan * costs).sum().item<double>(), 1e-12);
  }
}

TEST(OptimalTransport, IsOptimalForRealMasses) {
  // Strong duality without knowing the solver: in the plane of one-dimensional costs |x - y| the cost is the
  // area between the two distribution functions.
  const Tensor x = std::get<0>(uniform({40}, 1).sort()), y = std::get<0>(uniform({60}, 2).sort());
  Tensor a = uniform({40}, 3), b = uniform({60}, 4);
  a[7] = 0;  // nothing to send from here
  a /= a.sum();
  b /= b.sum();
  const auto best = optimal_transport(a, b, (x.unsqueeze(1) - y.unsqueeze(0)).abs());
  expect_marginals(best.plan, a, b, 1e-14);
  const auto [places, order] = torch::cat({x, y}).sort();
  const Tensor steps = torch::cat({a, -b}).index_select(0, order).cumsum(0);
  const Tensor gaps = places.narrow(0, 1, 99) - places.narrow(0, 0, 99);
  EXPECT_NEAR(best.cost, (steps.narrow(0, 0, 99).abs() * gaps).sum().item<double>(), 1e-12);
}

TEST(OptimalTransport, SplitsEqualMassesExactly) {
  const auto best = optimal_transport(torch::full({6}, 1.0 / 6, torch::kDouble), torch::full({4}, 0.25),
                                      uniform({6, 4}, 5));
  // 1/6 and 1/4 are 2 and 3 of 12 parts.
  const Tensor parts = best.plan * 12;
  EXPECT_TRUE(parts.allclose(parts.round(), 0, 1e-14));
  expect_marginals(best.plan, torch::full({6}, 1.0 / 6), torch::full({4}, 0.25), 1e-7);
}

TEST(OptimalTransport, RefusesWhatHasNoPlan) {
  const Heaps heaps;
  const auto data = [](const Tensor& a, const Tensor& b, const Tensor& c) {
    return error_of([&] { optimal_transport(a, b, c); }, ExitCode::data);
  };
  EXPECT_THAT(data(heaps.from, heaps.to * 2, heaps.costs), HasSubstr("sum to 6 and 12"));
  EXPECT_THAT(data(heaps.from * 0, heaps.to * 0, heaps.costs), HasSubstr("sums to 0"));
  EXPECT_THAT(data(vector({4, -1, 3}), heaps.to, heaps.costs), HasSubstr("not negative"));
  EXPECT_THAT(data(heaps.from, heaps.to, heaps.costs.t()), HasSubstr("not [3], [4] and [4, 3]"));
  EXPECT_THAT(data(heaps.from, heaps.to, heaps.costs / 0.0), HasSubstr("costs that are finite"));
  const Tensor many = torch::ones({6000});
  EXPECT_THAT(error_of(
                  [&] {
                    optimal_transport(many, many, torch::ones({1, 1}).expand({6000, 6000}));
                  },
                  ExitCode::usage),
              HasSubstr("subsample"));
}

TEST(EarthMoversDistance, OfParallelLinesIsTheirDistance) {
  const Tensor z = uniform({200, 1}, 6);
  for (const double theta : {-1.5, 0.0, 0.25, 3.0}) {
    const Tensor at_zero = torch::cat({torch::zeros_like(z), z}, 1);
    const Tensor at_theta = torch::cat({torch::full_like(z, theta), z}, 1);
    EXPECT_NEAR(earth_movers_distance(at_zero, at_theta), std::abs(theta), 1e-12);
  }
}

TEST(EarthMoversDistance, IsAMetric) {
  const Tensor x = uniform({50, 3}, 7), y = uniform({50, 3}, 8) * 2, z = uniform({50, 3}, 9) - 1;
  const double xy = earth_movers_distance(x, y), yz = earth_movers_distance(y, z),
               xz = earth_movers_distance(x, z);
  EXPECT_NEAR(earth_movers_distance(y, x), xy, 1e-12);
  EXPECT_EQ(earth_movers_distance(x, x.flip(0)), 0);
  EXPECT_GT(xy, 0.1);
  EXPECT_LE(xz, xy + yz);
  EXPECT_LE(xy, xz + yz);
  EXPECT_LE(yz, xy + xz);
}

TEST(EarthMoversDistance, AgreesWithSortingOnTheLine) {
  const Tensor x = uniform({300}, 10), y = uniform({200}, 11).square();
  EXPECT_NEAR(earth_movers_distance(x.unsqueeze(1), y.unsqueeze(1)), wasserstein_1d(x, y), 1e-12);
}

TEST(EarthMoversDistance, RefusesPointsOfDifferentKinds) {
  EXPECT_THROW(earth_movers_distance(uniform({5, 2}, 1), uniform({5, 3}, 2)), Error);
  EXPECT_THROW(earth_movers_distance(uniform({5, 2}, 1) / 0.0, uniform({5, 2}, 2)), Error);
}

TEST(Wasserstein1d, MatchesClosedForms) {
  EXPECT_NEAR(wasserstein_1d(vector({3, 1, 2}), vector({5, 6, 4})), 3, 1e-15);
  // A point of mass 1 at 0 against halves at -1 and 3.
  EXPECT_NEAR(wasserstein_1d(vector({0}), vector({-1, 3})), 2, 1e-15);
  EXPECT_NEAR(wasserstein_1d(vector({0}), vector({-1, 3}), 2), std::sqrt(5.0), 1e-15);
  // 0, 0, 3 against 0, 3: the quantile functions differ between 1/2 and 2/3.
  EXPECT_NEAR(wasserstein_1d(vector({0, 3, 0}), vector({0, 3})), 0.5, 1e-15);
  EXPECT_THAT(error_of([] { wasserstein_1d(vector({0}), vector({0}), 0.5); }, ExitCode::usage),
              HasSubstr("p >= 1"));
}

TEST(Sinkhorn, ComesNearTheExactCostFromAbove) {
  const Tensor x = uniform({30, 2}, 12), y = uniform({40, 2}, 13) + 0.5;
  const Tensor a = torch::full({30}, 1.0 / 30, torch::kDouble),
               b = torch::full({40}, 1.0 / 40, torch::kDouble);
  const Tensor costs = torch::cdist(x, y);
  const double exact = optimal_transport(a, b, costs).cost;
  double before = 1e300;
  for (const double epsilon : {0.5, 0.1, 0.02}) {
    const auto plan = sinkhorn(a, b, costs, {.epsilon = epsilon, .iterations = 20000, .tolerance = 1e-10});
    EXPECT_LE(plan.marginal_error, 1e-10);
    expect_marginals(plan.plan, a, b, 1e-10);
    EXPECT_GE(plan.cost, exact - 1e-8);
    EXPECT_LT(plan.cost, before);
    // The entropy can gain at most log N.
    EXPECT_LE(plan.cost, exact + epsilon * std::log(30.0));
    before = plan.cost;
  }
}

TEST(Sinkhorn, SolvesTwoByTwoInClosedForm) {
  // With costs 0 on and 1 off the diagonal and masses of a half, the plan is proportional to 1 and e^-1/eps.
  const double epsilon = 0.7, off = std::exp(-1 / epsilon);
  const auto plan = sinkhorn(vector({0.5, 0.5}), vector({0.5, 0.5}), 1 - torch::eye(2), {.epsilon = epsilon});
  EXPECT_NEAR(plan.plan[0][0].item<double>(), 0.5 / (1 + off), 1e-12);
  EXPECT_NEAR(plan.cost, off / (1 + off), 1e-12);
}

TEST(Sinkhorn, KeepsItsDigitsForSmallEpsilonAndEmptyMasses) {
  const Heaps heaps;
  const Tensor from = torch::cat({heaps.from, torch::zeros({1}, torch::kDouble)});
  const Tensor costs = torch::cat({heaps.costs, torch::zeros({1, 4}, torch::kDouble)});
  // exp(-C / epsilon) would be 0 everywhere.
  const auto plan = sinkhorn(from, heaps.to, costs, {.epsilon = 0.005});
  EXPECT_NEAR(plan.cost, 42, 1e-6);
  expect_marginals(plan.plan, from, heaps.to, 1e-6);
  EXPECT_EQ(plan.plan[3].sum().item<double>(), 0);
}

TEST(Sinkhorn, SaysHowFarItCame) {
  const Tensor a = uniform({10}, 14), b = uniform({10}, 15) * 0 + a.sum() / 10;
  const auto plan = sinkhorn(a, b, uniform({10, 10}, 16), {.epsilon = 0.01, .iterations = 2});
  EXPECT_EQ(plan.iterations, 2);
  EXPECT_GT(plan.marginal_error, 1e-6);
  EXPECT_THROW(sinkhorn(a, b, uniform({10, 10}, 16), {.epsilon = 0}), Error);
  EXPECT_THROW(sinkhorn(a, b, uniform({10, 10}, 16), {.iterations = 0}), Error);
}

TEST(SlicedWasserstein, OfAShiftIsTheMeanProjection) {
  const Tensor x = uniform({100, 2}, 17);
  const Tensor shift = vector({0.6, 0.8}) * 5;
  // W_p of a shift by 5 is 5 |cos| in each direction: 5 * 2 / pi and 5 / sqrt 2. The mean over 4,000
  // directions has a relative standard error below 0.8 %; the tolerance is four of them.
  const double one = sliced_wasserstein(x, x + shift, {.p = 1, .projections = 4000});
  EXPECT_NEAR(one, 5 * 2 / std::numbers::pi, 0.032 * one);
  const double two = sliced_wasserstein(x, x + shift, {.p = 2, .projections = 4000});
  EXPECT_NEAR(two, 5 / std::numbers::sqrt2, 0.032 * two);
}

TEST(SlicedWasserstein, EqualsWassersteinOnTheLine) {
  const Tensor x = uniform({70}, 18), y = uniform({90}, 19) * 3;
  for (const double p : {1.0, 2.0}) {
    EXPECT_NEAR(sliced_wasserstein(x.unsqueeze(1), y.unsqueeze(1), {.p = p, .projections = 3}),
                wasserstein_1d(x, y, p), 1e-12);
  }
}

TEST(SlicedWasserstein, IsSymmetricRepeatableAndBelowTheFullDistance) {
  const Tensor x = uniform({80, 4}, 20), y = uniform({80, 4}, 21) * 1.5;
  const double xy = sliced_wasserstein(x, y);
  EXPECT_NEAR(sliced_wasserstein(y, x), xy, 1e-14);
  EXPECT_EQ(sliced_wasserstein(x, y), xy);
  EXPECT_NE(sliced_wasserstein(x, y, {.seed = 2}), xy);
  // A product may round a row by its place, as that of MKL does.
  EXPECT_LT(sliced_wasserstein(x, x.flip(0)), 1e-14);
  EXPECT_LT(xy, earth_movers_distance(x, y));
  EXPECT_THROW(sliced_wasserstein(x, y, {.projections = 0}), Error);
}

}  // namespace
}  // namespace belamy
