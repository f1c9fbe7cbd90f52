// The reversed gradient, its schedule and domain confusion.
#include <cmath>
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "nn/gradient_reversal.h"
#include "numbers.h"
#include "objectives/confusion.h"

namespace belamy {
namespace {

TEST(GradientReversalTest, TurnsTheGradientRoundAndNothingElse) {
  const auto weights = normal({3, 4}, 1), at = normal({3, 4}, 2);
  const auto f = [&](const Tensor& x) { return (x.tanh() * weights).sum(); };
  EXPECT_LT(gradient_error(f, at), 1e-8);
  const auto gradient = [&](const auto& through) {
    const auto x = at.clone().requires_grad_();
    return torch::autograd::grad({f(through(x))}, {x})[0];
  };
  const auto forwards = gradient([](const Tensor& x) { return x; });
  for (const double strength : {0.0, 0.3, 1.0, 2.5}) {
    SCOPED_TRACE(strength);
    EXPECT_TRUE(nn::reverse_gradient(at, strength).equal(at));
    const auto back = gradient([&](const Tensor& x) { return nn::reverse_gradient(x, strength); });
    EXPECT_LT(value((back + strength * forwards).abs().max()), 1e-14);
  }
}

TEST(GradientReversalTest, ItsStrengthGrowsAsInThePaper) {
  EXPECT_EQ(nn::reversal_strength(0, 10), 0);
  EXPECT_NEAR(nn::reversal_strength(0.1, 10), 0.46211715726000975, 1e-14);
  EXPECT_NEAR(nn::reversal_strength(0.5, 10), 0.98661429815143042, 1e-14);
  EXPECT_NEAR(nn::reversal_strength(1, 10), 0.99990920426259513, 1e-14);
  EXPECT_NEAR(nn::reversal_strength(1, 2), std::tanh(1), 1e-14);
}

TEST(ConfusionTest, IsLeastWhereTheJudgeIsUndecided) {
  EXPECT_NEAR(value(objectives::confusion(torch::zeros({5}, kDouble))), std::log(2), 1e-15);
  for (const double t : {-3.0, -0.1, 0.1, 3.0}) {
    EXPECT_GT(value(objectives::confusion(torch::full({5}, t, kDouble))), std::log(2) + 1e-3) << t;
  }
  // The cross-entropy against equal chances of the softmax over (t, 0).
  const auto t = normal({20}, 3);
  const auto logits = torch::stack({t, torch::zeros_like(t)}, 1);
  EXPECT_NEAR(value(objectives::confusion(t)), value(-logits.log_softmax(1).mean()), 1e-14);
  EXPECT_LT(gradient_error(objectives::confusion, t), 1e-8);
}

}  // namespace
}  // namespace belamy
