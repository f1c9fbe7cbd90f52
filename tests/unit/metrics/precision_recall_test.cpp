#include "metrics/precision_recall.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <vector>

#include "belamy/error.h"

namespace belamy {
namespace {

using torch::Tensor;

Tensor gaussian_rows(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return torch::randn({rows, columns}, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kDouble);
}

// The definitions, one pair of points at a time.
ManifoldScores naive_scores(const Tensor& data, const Tensor& samples, std::size_t k) {
  const auto distance = [](const double* a, const double* b, std::int64_t d) {
    double sum = 0;
    for (std::int64_t i = 0; i < d; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
  };
  const std::int64_t d = data.size(1);
  const auto radii = [&](const Tensor& points) {
    std::vector<double> result;
    const double* p = points.data_ptr<double>();
    for (std::int64_t i = 0; i < points.size(0); ++i) {
      std::vector<double> others;
      for (std::int64_t j = 0; j < points.size(0); ++j) {
        if (j != i) others.push_back(distance(p + i * d, p + j * d, d));
      }
      std::nth_element(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(k - 1), others.end());
      result.push_back(others[k - 1]);
    }
    return result;
  };
  const std::vector<double> data_radii = radii(data);
  const std::vector<double> sample_radii = radii(samples);
  std::vector<double> balls(sample_radii.size(), 0);
  std::vector<bool> recalled(data_radii.size(), false);
  std::vector<bool> covered(data_radii.size(), false);
  for (std::size_t i = 0; i < data_radii.size(); ++i) {
    for (std::size_t j = 0; j < sample_radii.size(); ++j) {
      const double r = distance(data.data_ptr<double>() + static_cast<std::int64_t>(i) * d,
                                samples.data_ptr<double>() + static_cast<std::int64_t>(j) * d, d);
      if (r <= data_radii[i]) {
        balls[j] += 1;
        covered[i] = true;
      }
      if (r <= sample_radii[j]) recalled[i] = true;
    }
  }
  const auto share = [](const auto& flags) {
    const auto hits = std::count_if(flags.begin(), flags.end(), [](auto flag) { return flag > 0; });
    return static_cast<double>(hits) / static_cast<double>(flags.size());
  };
  double total = 0;
  for (const double b : balls) total += b;
  return {share(balls), share(recalled), total / static_cast<double>(balls.size() * k), share(covered)};
}

TEST(PrecisionRecall, MatchesTheDefinitionsAcrossBlocks) {
  // More than 1000 rows on both sides, so that both loops over blocks run twice, the last block being short.
  const Tensor data = gaussian_rows(1100, 3, 1);
  const Tensor samples = gaussian_rows(1030, 3, 2) * 0.7 + 0.5;
  const ManifoldScores expected = naive_scores(data, samples, 5);
  const ManifoldScores scores = manifold_scores(data, samples, 5);
  EXPECT_NEAR(scores.precision, expected.precision, 1e-12);
  EXPECT_NEAR(scores.recall, expected.recall, 1e-12);
  EXPECT_NEAR(scores.density, expected.density, 1e-12);
  EXPECT_NEAR(scores.coverage, expected.coverage, 1e-12);
}

TEST(PrecisionRecall, TheDefaultIsFiveNeighbours) {
  const Tensor data = gaussian_rows(200, 2, 3);
  const Tensor samples = gaussian_rows(200, 2, 4);
  EXPECT_EQ(manifold_scores(data, samples).density, manifold_scores(data, samples, 5).density);
  EXPECT_NE(manifold_scores(data, samples).density, manifold_scores(data, samples, 4).density);
}

TEST(PrecisionRecall, EqualDistributionsScoreHigh) {
  // Seeds 5 and 6. Naeem et al. (2020, section 3.3) derive a density of 1 and a coverage of 1 - 2^-k (0.97
  // for k = 5) for equal distributions. The tolerance of 0.06 allows for 1000 points, and still notices a k
  // of 6 in place of 5. Precision and recall have no closed form: only points outside all balls, in the
  // tails, are missed.
  const ManifoldScores scores = manifold_scores(gaussian_rows(1000, 4, 5), gaussian_rows(1000, 4, 6));
  EXPECT_GT(scores.precision, 0.9);
  EXPECT_GT(scores.recall, 0.9);
  EXPECT_NEAR(scores.density, 1, 0.06);
  EXPECT_NEAR(scores.coverage, 0.97, 0.06);
}

TEST(PrecisionRecall, EqualSetsScoreOne) {
  const Tensor data = gaussian_rows(300, 4, 7);
  const ManifoldScores scores = manifold_scores(data, data);
  EXPECT_EQ(scores.precision, 1);
  EXPECT_EQ(scores.recall, 1);
  EXPECT_EQ(scores.coverage, 1);
}

TEST(PrecisionRecall, DisjointSetsScoreZero) {
  const ManifoldScores scores = manifold_scores(gaussian_rows(300, 4, 8), gaussian_rows(300, 4, 9) + 100);
  EXPECT_EQ(scores.precision, 0);
  EXPECT_EQ(scores.recall, 0);
  EXPECT_EQ(scores.density, 0);
  EXPECT_EQ(scores.coverage, 0);
}

TEST(PrecisionRecall, AMissingModeCostsRecallButNotPrecision) {
  // Two modes 100 deviations apart, the samples know one. Half of the data can be recalled at most; the
  // tolerance of 0.05 is for points in the tail of the known mode (seeds 10 to 12, no other randomness).
  const Tensor data = torch::cat({gaussian_rows(500, 2, 10), gaussian_rows(500, 2, 11) + 100});
  const ManifoldScores scores = manifold_scores(data, gaussian_rows(1000, 2, 12));
  EXPECT_GT(scores.precision, 0.95);
  EXPECT_NEAR(scores.recall, 0.5, 0.05);
  EXPECT_NEAR(scores.coverage, 0.5, 0.05);
}

TEST(PrecisionRecall, FloatFeaturesFarFromTheOriginKeepTheirDigits) {
  // At 10,000 the squared norms (about 3e8) would round distances of about 1 away in f32; centring saves
  // them.
  const Tensor data = gaussian_rows(300, 3, 13);
  const Tensor samples = gaussian_rows(300, 3, 14) * 0.8;
  const ManifoldScores near = manifold_scores(data, samples);
  const ManifoldScores far =
      manifold_scores((data + 10000).to(torch::kFloat), (samples + 10000).to(torch::kFloat));
  // f32 spaces numbers near 10,000 by 0.001, which may move single points over the edge of a ball.
  EXPECT_NEAR(far.precision, near.precision, 0.01);
  EXPECT_NEAR(far.recall, near.recall, 0.01);
  EXPECT_NEAR(far.density, near.density, 0.01);
}

TEST(PrecisionRecall, RefusesTooFewRowsAndNeighbours) {
  const Tensor data = gaussian_rows(10, 2, 15);
  EXPECT_NO_THROW(manifold_scores(data, data.narrow(0, 0, 6), 5));
  EXPECT_THROW(manifold_scores(data, data.narrow(0, 0, 5), 5), Error);
  EXPECT_THROW(manifold_scores(data, data, 0), Error);
  EXPECT_THROW(manifold_scores(data, gaussian_rows(10, 3, 16)), Error);
}

// Seeds 20 to 39, k = 5, 400 points and 300 samples of one distribution, in two dimensions and in ten: the coverage does not
// depend on the distribution. Means over ten draws; the tolerances are three of their standard errors, measured as 0.009 for the
// density and 0.004 for the coverage.
TEST(PrecisionRecall, DensityAndCoverageOfEqualDistributionsAreKnown) {
  const double expected = coverage_of_equals(400, 300);
  EXPECT_NEAR(expected, 1 - std::pow(400.0 / 700, 5), 0.005) << "nearly the limit of many points";
  for (const std::int64_t dimensions : {2, 10}) {
    double density = 0, coverage = 0;
    for (std::uint64_t seed = 20; seed < 30; ++seed) {
      const auto scores =
          manifold_scores(gaussian_rows(400, dimensions, seed), gaussian_rows(300, dimensions, seed + 10));
      density += scores.density / 10;
      coverage += scores.coverage / 10;
    }
    EXPECT_NEAR(density, 1, 0.03) << dimensions;
    EXPECT_NEAR(coverage, expected, 0.012) << dimensions;
  }
}

TEST(PrecisionRecall, TheCoverageOfEqualsIsTheProductOfThePaper) {
  EXPECT_NEAR(coverage_of_equals(10000, 10000), 0.9688, 1e-4);
  EXPECT_NEAR(coverage_of_equals(3, 2, 1), 1 - 2.0 / 4, 1e-15);
  EXPECT_NEAR(coverage_of_equals(3, 2, 2), 1 - 2.0 / 4 * 1 / 3, 1e-15);
  EXPECT_EQ(coverage_of_equals(5, 7, 5), 1) << "no point has five others: its ball would hold everything";
}

}  // namespace
}  // namespace belamy
