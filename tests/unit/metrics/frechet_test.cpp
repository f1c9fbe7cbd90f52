#include "metrics/frechet.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>
#include <limits>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy {
namespace {

using torch::Tensor;

Tensor gaussian(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return torch::randn({rows, columns}, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kDouble);
}

// Rows whose sample mean is exactly 0 and whose sample covariance exactly I, up to rounding: closed forms
// then hold for the estimate itself and need no statistical tolerance.
Tensor whitened(std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  Tensor x = gaussian(rows, columns, seed);
  x = x - x.mean(0);
  const Tensor covariance = x.t().mm(x) / static_cast<double>(rows - 1);
  return x.mm(torch::linalg_inv(torch::linalg_cholesky(covariance)).t());
}

// Element by element, and the trace of the root by the eigenvalues of the unsymmetric product S1 S2.
double naive(const Tensor& a, const Tensor& b) {
  const auto covariance = [](const Tensor& x) {
    const std::int64_t n = x.size(0);
    const std::int64_t d = x.size(1);
    Tensor result = torch::zeros({d, d}, torch::kDouble);
    for (std::int64_t i = 0; i < d; ++i) {
      for (std::int64_t j = 0; j < d; ++j) {
        const Tensor product =
            (x.select(1, i) - x.select(1, i).mean()) * (x.select(1, j) - x.select(1, j).mean());
        result[i][j] = product.sum() / static_cast<double>(n - 1);
      }
    }
    return result;
  };
  const Tensor s1 = covariance(a);
  const Tensor s2 = covariance(b);
  const Tensor root_trace = torch::real(torch::linalg_eigvals(s1.mm(s2)).sqrt()).sum();
  return ((a.mean(0) - b.mean(0)).pow(2).sum() + s1.trace() + s2.trace() - 2 * root_trace).item<double>();
}

TEST(Frechet, DiagonalGaussiansMatchTheClosedForm) {
  const Tensor mean_a = torch::tensor({1.0, -2.0, 0.5, 0.0}, torch::kDouble);
  const Tensor mean_b = torch::tensor({0.0, 1.0, 0.5, 3.0}, torch::kDouble);
  const Tensor deviation_a = torch::tensor({1.0, 2.0, 0.1, 3.0}, torch::kDouble);
  const Tensor deviation_b = torch::tensor({2.0, 2.0, 0.3, 0.5}, torch::kDouble);
  const Tensor a = whitened(200, 4, 1) * deviation_a + mean_a;
  const Tensor b = whitened(300, 4, 2) * deviation_b + mean_b;
  // (1 + 9 + 0 + 9) + (1 + 0 + 0.04 + 6.25)
  EXPECT_NEAR(frechet_distance(a, b), 26.29, 1e-9);
}

TEST(Frechet, AShiftGivesItsSquaredLength) {
  const Tensor a = gaussian(100, 5, 3);
  EXPECT_NEAR(frechet_distance(a, a + 2.0), 5 * 4.0, 1e-9);
}

TEST(Frechet, EqualSetsGiveZero) {
  const Tensor a = gaussian(100, 8, 4);
  EXPECT_NEAR(frechet_distance(a, a), 0, 1e-9);
  EXPECT_GE(frechet_distance(a, a), 0);
}

TEST(Frechet, MatchesANaiveComputationForCorrelatedFeatures) {
  const Tensor a = gaussian(60, 6, 5).mm(gaussian(6, 6, 6)) + 1.0;
  const Tensor b = gaussian(80, 6, 7).mm(gaussian(6, 6, 8));
  const double expected = naive(a, b);
  EXPECT_NEAR(frechet_distance(a, b), expected, 1e-8 * expected);
  EXPECT_NEAR(frechet_distance(b, a), expected, 1e-8 * expected);
}

TEST(Frechet, WorksWithFewerRowsThanFeatures) {
  const Tensor a = gaussian(5, 40, 9);
  const Tensor b = gaussian(6, 40, 10);
  const double distance = frechet_distance(a, b);
  EXPECT_GT(distance, 0);
  // A rotation changes nothing; singular covariances have eigenvalues of about -1e-16, whose roots must not
  // be NaN.
  const Tensor rotation = std::get<0>(torch::linalg_qr(gaussian(40, 40, 11)));
  EXPECT_NEAR(frechet_distance(a.mm(rotation), b.mm(rotation)), distance, 1e-5 * distance);
}

TEST(Frechet, FloatFeaturesFarFromTheOriginAreComputedInDouble) {
  // 1000 + k/8 is exact in f32, so only the arithmetic could lose digits: in f32 the squared norms would.
  const Tensor a = 1000 + (gaussian(50, 3, 12) * 8).round() / 8;
  const Tensor b = 1000 + (gaussian(50, 3, 13) * 8).round() / 8;
  EXPECT_NEAR(frechet_distance(a.to(torch::kFloat), b.to(torch::kFloat)), frechet_distance(a, b), 1e-12);
}

TEST(Frechet, RefusesWhatHasNoDistance) {
  const Tensor a = gaussian(10, 3, 14);
  EXPECT_THROW(frechet_distance(a, gaussian(10, 4, 15)), Error);
  EXPECT_THROW(frechet_distance(a, a.narrow(0, 0, 1)), Error);
  EXPECT_THROW(frechet_distance(a, a.flatten()), Error);
  EXPECT_THROW(frechet_distance(a, a.to(torch::kLong)), Error);
  Tensor broken = a.clone();
  broken[3][1] = std::numeric_limits<double>::quiet_NaN();
  try {
    frechet_distance(a, broken);
    FAIL() << "a NaN was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("not a finite number"), std::string::npos);
  }
}

}  // namespace
}  // namespace belamy
