// Regularisers against closed forms (linear and quadratic judges) and against finite differences.
#include "objectives/penalties.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "numbers.h"

namespace belamy::objectives {
namespace {

// t(x) = w . x, whose gradient is w everywhere.
Judge linear(const Tensor& w) {
  return [w](const Tensor& x) { return at::mv(x.flatten(1), w); };
}
// t(x) = c |x|^2 / 2, whose gradient is c x.
Judge quadratic(const Tensor& c) {
  return [c](const Tensor& x) { return c * x.flatten(1).square().sum(1) / 2; };
}

TEST(PenaltiesTest, ALinearJudgeHasItsClosedForm) {
  const auto w = torch::tensor({0.6, 2.4}, kDouble);
  const double norm = std::sqrt(0.36 + 5.76);
  const auto real = normal({5, 2}, 1), fake = normal({7, 2}, 2);
  EXPECT_NEAR(value(gradient_penalty(linear(w), real, fake, false, seeded(1))), (norm - 1) * (norm - 1),
              1e-9);
  EXPECT_NEAR(value(gradient_penalty(linear(w), real, fake, true, seeded(1))), (norm - 1) * (norm - 1), 1e-9);
  EXPECT_NEAR(value(gradient_penalty(linear(w / 10), real, fake, true, seeded(1))), 0, 1e-12);
  EXPECT_NEAR(value(gradient_penalty(linear(w / 10), real, fake, false, seeded(1))),
              (norm / 10 - 1) * (norm / 10 - 1), 1e-9);
  EXPECT_NEAR(value(dragan(linear(w), real, seeded(1))), (norm - 1) * (norm - 1), 1e-9);
  EXPECT_NEAR(value(zero_centred(linear(w), real)), norm * norm / 2, 1e-12);
  const auto d = [&](const Tensor& x) { return at::mv(x, w).sigmoid(); };
  const double expected =
      0.5 * norm * norm * (value((1 - d(real)).square().mean()) + value(d(fake).square().mean()));
  EXPECT_NEAR(value(roth(linear(w), real, fake)), expected, 1e-12);
}

TEST(PenaltiesTest, PointsLieBetweenDataAndSamples) {
  // With t = |x|^2 / 2 the gradient's norm is |x|: between 3 and 5 on the segment, so the penalty is in [4,
  // 16].
  const auto real = torch::full({200, 1}, 3.0, kDouble), fake = torch::full({200, 1}, 5.0, kDouble);
  const auto c = torch::ones({}, kDouble);
  const double penalty = value(gradient_penalty(quadratic(c), real, fake, false, seeded(3)));
  EXPECT_NEAR(penalty, 28.0 / 3, 1);  // the mean of (u - 1)^2 over [3, 5]
  const auto judge = quadratic(c);
  const auto norms = squared_gradient_norms(judge, real);
  EXPECT_TRUE(torch::allclose(norms, torch::full({200}, 9.0, kDouble)));
}

TEST(PenaltiesTest, TheirGradientsAgreeWithFiniteDifferences) {
  const auto real = normal({6, 3}, 1), fake = normal({6, 3}, 2), w1 = normal({4, 3}, 3), w2 = normal({4}, 4);
  const auto judge_of = [&](const Tensor& weights) -> Judge {
    return [&, weights](const Tensor& x) { return at::mv(at::tanh(at::linear(x, weights)), w2); };
  };
  using Penalty = std::function<Tensor(const Judge&)>;
  const std::vector<std::pair<const char*, Penalty>> all = {
      {"gradient", [&](const Judge& j) { return gradient_penalty(j, real, fake, false, seeded(5)); }},
      {"one-sided", [&](const Judge& j) { return gradient_penalty(j, 3 * real, fake, true, seeded(5)); }},
      {"dragan", [&](const Judge& j) { return dragan(j, real, seeded(5)); }},
      {"r1", [&](const Judge& j) { return zero_centred(j, real); }},
      {"roth", [&](const Judge& j) { return roth(j, real, fake); }},
  };
  for (const auto& [name, penalty] : all) {
    const auto weights = w1.clone().requires_grad_();
    const auto gradient = torch::autograd::grad({penalty(judge_of(weights))}, {weights})[0];
    for (const std::int64_t i : {0, 5, 11}) {
      const double h = 1e-5;
      const auto shifted = [&](double by) {
        auto moved = w1.clone();
        moved.view({-1})[i] += by;
        return value(penalty(judge_of(moved)));
      };
      EXPECT_NEAR(value(gradient.flatten()[i]), (shifted(h) - shifted(-h)) / (2 * h), 1e-7) << name;
    }
  }
}

TEST(PenaltiesTest, ConsensusIsTheSquaredVectorField) {
  // Dirac-GAN with L_D = psi theta, L_G = -psi theta: v = (theta, -psi), so |v|^2 / 2 = (theta^2 + psi^2)
  // / 2.
  const auto theta = torch::full({1}, 0.7, kDouble).requires_grad_(),
             psi = torch::full({1}, -1.3, kDouble).requires_grad_();
  const auto loss = (psi * theta).sum();
  const auto penalty = consensus(loss, {psi}, -loss, {theta});
  EXPECT_NEAR(value(penalty), (0.49 + 1.69) / 2, 1e-12);
  const auto gradients = torch::autograd::grad({penalty}, {psi, theta});
  EXPECT_NEAR(value(gradients[0][0]), -1.3, 1e-12);
  EXPECT_NEAR(value(gradients[1][0]), 0.7, 1e-12);
}

}  // namespace
}  // namespace belamy::objectives
