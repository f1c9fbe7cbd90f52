// Differentiable optimiser steps: the values are those of the optimiser, the gradient is that of finite
// differences.
#include "objectives/unrolled.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "numbers.h"
#include "objectives/adversarial.h"

namespace belamy::objectives {
namespace {

// A discriminator of one hidden layer on points, its loss against a generator that shifts noise by theta.
class Unrolled : public testing::TestWithParam<std::tuple<bool, std::int64_t>> {
 protected:
  UnrolledRule rule() const {
    const bool adam = std::get<0>(GetParam());
    return {adam, adam ? 0.01 : 0.3, 0.5, 0.9, 1e-8};
  }
  std::int64_t steps() const { return std::get<1>(GetParam()); }
  UnrolledState state() const {
    UnrolledState state{{}, {}, 7};
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      state.first.push_back(0.1 * normal(weights_[i].sizes(), 10 + i));
      state.second.push_back(0.1 * normal(weights_[i].sizes(), 20 + i).square() + 0.01);
    }
    if (!rule().adam) state.second.clear();
    return state;
  }
  Tensor judge(const std::vector<Tensor>& w, const Tensor& x) const {
    return at::mv(at::tanh(at::linear(x, w[0], w[1])), w[2]);
  }
  Tensor generator_loss(const Tensor& theta) const {
    const auto fake = noise_ + theta;
    const Adversarial objective("non-saturating");
    const auto loss = [&](const std::vector<Tensor>& w) {
      return objective.discriminator(judge(w, real_), judge(w, fake));
    };
    return objective.generator(judge(unroll(weights_, loss, steps(), rule(), state()), fake));
  }

  const std::vector<Tensor> weights_ = {normal({4, 2}, 1).requires_grad_(), normal({4}, 2).requires_grad_(),
                                        normal({4}, 3).requires_grad_()};
  const Tensor real_ = normal({8, 2}, 4), noise_ = normal({8, 2}, 5);
};

TEST_P(Unrolled, TheGeneratorsGradientIsThatOfFiniteDifferences) {
  const auto theta = torch::tensor({0.8, -0.4}, kDouble).requires_grad_();
  const auto gradient = torch::autograd::grad({generator_loss(theta)}, {theta})[0];
  for (std::int64_t i = 0; i < 2; ++i) {
    const double h = 1e-5;
    const auto shifted = [&](double by) {
      auto moved = theta.detach().clone();
      moved[i] += by;
      return value(generator_loss(moved));
    };
    EXPECT_NEAR(value(gradient[i]), (shifted(h) - shifted(-h)) / (2 * h), 1e-8);
  }
}

TEST_P(Unrolled, TheWeightsStayWhereTheyWere) {
  const auto before = weights_[0].detach().clone();
  generator_loss(torch::zeros({2}, kDouble)).backward();
  EXPECT_TRUE(torch::equal(weights_[0].detach(), before));
}

TEST_P(Unrolled, TheStepsAreTheOptimisers) {
  // The same descent by hand.
  const auto target = normal({3}, 8);
  const auto loss = [&](const std::vector<Tensor>& w) { return (w[0] - target).square().sum(); };
  auto w = normal({3}, 9).requires_grad_();
  const auto got = unroll({w}, loss, steps(), rule())[0];
  auto x = w.detach().clone();
  auto first = torch::zeros_like(x), second = torch::zeros_like(x);
  for (std::int64_t t = 1; t <= steps(); ++t) {
    const auto g = 2 * (x - target);
    if (!rule().adam) {
      first = rule().beta1 * first + g;
      x = x - rule().lr * first;
      continue;
    }
    first = rule().beta1 * first + (1 - rule().beta1) * g;
    second = rule().beta2 * second + (1 - rule().beta2) * g * g;
    const auto m = first / (1 - std::pow(rule().beta1, t)), v = second / (1 - std::pow(rule().beta2, t));
    x = x - rule().lr * m / (v.sqrt() + rule().epsilon);
  }
  EXPECT_TRUE(torch::allclose(got, x, 1e-10, 1e-10));
}

INSTANTIATE_TEST_SUITE_P(Rules, Unrolled,
                         testing::Combine(testing::Bool(), testing::Values<std::int64_t>(1, 2, 5, 10)));

}  // namespace
}  // namespace belamy::objectives
