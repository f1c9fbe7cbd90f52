// Penalties on codes against closed forms and finite differences; corruption against its probabilities.
#include "objectives/codes.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "nn/corruption.h"
#include "numbers.h"

namespace belamy {
namespace {

using torch::Tensor;

using Function = std::function<Tensor(const Tensor&)>;

TEST(CodesTest, SparsityAgreesWithItsFormulas) {
  const auto codes = torch::tensor({{0.2, 0.9, 0.4}, {0.6, 0.7, 0.1}}, kDouble);
  EXPECT_NEAR(value(objectives::l1_sparsity(codes)), (1.5 + 1.4) / 2, 1e-12);
  EXPECT_NEAR(value(objectives::l1_sparsity(-codes)), (1.5 + 1.4) / 2, 1e-12);
  EXPECT_NEAR(value(objectives::l2_sparsity(codes)), (0.04 + 0.81 + 0.16 + 0.36 + 0.49 + 0.01) / 2, 1e-12);
  double expected = 0;
  for (const double mean : {0.4, 0.8, 0.25}) {
    expected += 0.1 * std::log(0.1 / mean) + 0.9 * std::log(0.9 / (1 - mean));
  }
  EXPECT_NEAR(value(objectives::kl_sparsity(codes, 0.1)), expected, 1e-12);
  EXPECT_NEAR(value(objectives::kl_sparsity(torch::full({5, 4}, 0.3, kDouble), 0.3)), 0, 1e-12);
}

TEST(CodesTest, UnitsThatRoundToZeroKeepTheKlFinite) {
  for (const double unit : {0.0, 1.0}) {
    const auto codes = torch::full({4, 3}, unit, torch::requires_grad());
    const auto penalty = objectives::kl_sparsity(codes, 0.05);
    EXPECT_TRUE(std::isfinite(penalty.item<float>()));
    EXPECT_TRUE(torch::isfinite(torch::autograd::grad({penalty}, {codes})[0]).all().item<bool>());
  }
}

TEST(CodesTest, TheLargestStayAndAloneHaveGradients) {
  const auto codes =
      torch::tensor({{3.0, -1.0, 2.0, 0.5}, {-4.0, -3.0, -2.0, -1.0}}, kDouble).requires_grad_();
  const auto kept = objectives::keep_largest(codes, 2);
  const auto expected = torch::tensor({{3.0, 0.0, 2.0, 0.0}, {0.0, 0.0, -2.0, -1.0}}, kDouble);
  EXPECT_TRUE(torch::equal(kept, expected));
  const auto gradient = torch::autograd::grad({kept.sum()}, {codes})[0];
  EXPECT_TRUE(torch::equal(gradient, (expected != 0).to(torch::kDouble)));
  EXPECT_TRUE(torch::equal(objectives::keep_largest(codes, 4), codes));
}

// The Jacobian of one layer of sigmoid units, row by row and written out.
double squared_jacobian(const Tensor& codes, const Tensor& weight) {
  double sum = 0;
  for (std::int64_t n = 0; n < codes.size(0); ++n) {
    for (std::int64_t j = 0; j < weight.size(0); ++j) {
      for (std::int64_t i = 0; i < weight.size(1); ++i) {
        const double h = value(codes[n][j]);
        sum += std::pow(h * (1 - h) * value(weight[j][i]), 2);
      }
    }
  }
  return sum / static_cast<double>(codes.size(0));
}

TEST(CodesTest, ContractionIsTheSquaredJacobian) {
  const auto x = normal({3, 4}, 1).requires_grad_(), weight = normal({5, 4}, 2);
  const auto codes = at::linear(x, weight).sigmoid();
  const double exact = squared_jacobian(codes, weight);
  EXPECT_NEAR(value(objectives::sigmoid_contraction(codes, weight)), exact, 1e-12);
  // One unit alone: |v dh/dx|^2 = v^2 |dh/dx|^2, so the estimate is exact for v = 1.
  const auto one = at::linear(x, weight.narrow(0, 0, 1)).sigmoid();
  EXPECT_NEAR(value(objectives::estimated_contraction(one, x, torch::ones({3, 1}, kDouble))),
              squared_jacobian(one, weight.narrow(0, 0, 1)), 1e-12);
  // The mean of 4000 estimates: their own spread is about as large as their value, hence 5 %.
  double sum = 0;
  for (int i = 0; i < 4000; ++i) {
    sum += value(
        objectives::estimated_contraction(codes, x, normal({3, 5}, 100 + static_cast<std::uint64_t>(i))));
  }
  EXPECT_NEAR(sum / 4000, exact, 0.05 * exact);
}

TEST(CodesTest, GradientsAgreeWithFiniteDifferences) {
  const auto codes = normal({4, 3}, 3).sigmoid(), x = normal({4, 2}, 4), weight = normal({3, 2}, 5);
  const auto draws = normal({4, 3}, 6);
  const std::vector<std::pair<const char*, Function>> of_codes = {
      {"l1", objectives::l1_sparsity},
      {"l2", objectives::l2_sparsity},
      {"kl", [](const Tensor& h) { return objectives::kl_sparsity(h, 0.1); }},
      {"largest", [](const Tensor& h) { return objectives::keep_largest(h, 2).square().sum(); }},
  };
  for (const auto& [name, f] : of_codes) EXPECT_LT(gradient_error(f, codes), 1e-8) << name;
  const auto exact = [&](const Tensor& w) {
    return objectives::sigmoid_contraction(at::linear(x, w).sigmoid(), w);
  };
  EXPECT_LT(gradient_error(exact, weight), 1e-8);
  const auto estimate = [&](const Tensor& w) {
    const auto input = x.clone().requires_grad_();
    return objectives::estimated_contraction(at::linear(input, w).tanh(), input, draws);
  };
  EXPECT_LT(gradient_error(estimate, weight), 1e-8);
}

TEST(CorruptionTest, SharesAndSpreadAreTheLevels) {
  // 100,000 draws: a share p is known to sqrt(p (1 - p) / 1e5), at most 0.0016; 0.006 is four times that.
  const auto x = torch::full({100, 1000}, 0.25);
  const auto share = [](const Tensor& which) { return which.to(torch::kFloat).mean().item<double>(); };
  const auto masked = nn::corrupt(x, "masking", 0.3, -1, 1, seeded(1));
  EXPECT_NEAR(share(masked == -1), 0.3, 0.006);
  EXPECT_NEAR(share(masked == 0.25), 0.7, 0.006);
  const auto salted = nn::corrupt(x, "salt-and-pepper", 0.4, -1, 1, seeded(2));
  EXPECT_NEAR(share(salted == -1), 0.2, 0.006);
  EXPECT_NEAR(share(salted == 1), 0.2, 0.006);
  EXPECT_NEAR(share(salted == 0.25), 0.6, 0.006);
  const auto noisy = nn::corrupt(x, "gaussian", 0.3, -1, 1, seeded(3));
  EXPECT_NEAR(noisy.mean().item<double>(), 0.25, 0.01);
  EXPECT_NEAR(noisy.std().item<double>(), 0.6, 0.01);
  EXPECT_TRUE(nn::corrupt(x, "none", 0.3, -1, 1, seeded(4)).is_same(x));
  EXPECT_EQ(x.max().item<float>(), 0.25F) << "the clean values were changed";
  EXPECT_THROW(nn::corrupt(x, "rain", 0.3, -1, 1, seeded(5)), std::logic_error);
}

TEST(CorruptionTest, TheGeneratorDecides) {
  const auto x = torch::zeros({4, 50});
  for (const auto& kind : nn::corruption_names()) {
    if (kind == "none") continue;
    const auto once = nn::corrupt(x, kind, 0.5, -1, 1, seeded(1));
    EXPECT_TRUE(torch::equal(once, nn::corrupt(x, kind, 0.5, -1, 1, seeded(1)))) << kind;
    EXPECT_FALSE(torch::equal(once, nn::corrupt(x, kind, 0.5, -1, 1, seeded(2)))) << kind;
  }
}

}  // namespace
}  // namespace belamy
