// Group norm against LibTorch's; the parts of the U-Net against naive loops.
#include "nn/unet.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "nn/products.h"
#include "numbers.h"

namespace belamy::nn {
namespace {

double relative(const Tensor& a, const Tensor& b) {
  return value((a - b).norm() / b.norm().clamp_min(1e-12));
}

Tensor drawn(at::IntArrayRef sizes, std::uint64_t seed) {
  return torch::randn(sizes, seeded(seed));
}

Tensor naive_group_norm(const Tensor& x, std::int64_t groups, const Tensor& scale, const Tensor& shift,
                        bool plain) {
  const auto y = at::group_norm(x, groups, {}, {}, 1e-5, false) * scale.unsqueeze(2).unsqueeze(3) +
                 shift.unsqueeze(2).unsqueeze(3);
  return plain ? y : at::silu(y);
}

struct GroupCase {
  std::int64_t batch, channels, height, width, groups;
  bool plain;
};

void PrintTo(const GroupCase& c, std::ostream* out) {
  *out << c.batch << "x" << c.channels << "x" << c.height << "x" << c.width << " in " << c.groups
       << (c.plain ? " plain" : "");
}

class GroupNormTest : public testing::TestWithParam<GroupCase> {};

TEST_P(GroupNormTest, ForwardAndGradientsAreLibTorchs) {
  ASSERT_TRUE(fast_paths());
  const auto& c = GetParam();
  std::vector<Tensor> inputs = {drawn({c.batch, c.channels, c.height, c.width}, 1) * 2 + 3,
                                drawn({c.batch, c.channels}, 2) + 1, drawn({c.batch, c.channels}, 3)};
  for (auto& each : inputs) each.requires_grad_();
  const auto got = group_norm(inputs[0], c.groups, inputs[1], inputs[2], c.plain);
  const auto expected = naive_group_norm(inputs[0], c.groups, inputs[1], inputs[2], c.plain);
  EXPECT_LT(relative(got, expected), 1e-5);
  // An uneven loss, so that each output has a gradient of its own.
  const auto loss = [](const Tensor& y) { return y.sin().sum(); };
  const auto ours = torch::autograd::grad({loss(got)}, inputs);
  const auto theirs = torch::autograd::grad({loss(expected)}, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_LT(relative(ours[i], theirs[i]), 1e-4) << i;
}

INSTANTIATE_TEST_SUITE_P(Shapes, GroupNormTest,
                         testing::Values(GroupCase{3, 32, 14, 14, 4, false}, GroupCase{2, 48, 7, 7, 6, false},
                                         GroupCase{2, 20, 5, 9, 5, false},  // a vector that is not full
                                         GroupCase{5, 16, 28, 28, 1, false}, GroupCase{4, 3, 6, 6, 3, true},
                                         GroupCase{2, 64, 7, 7, 8, true}));

TEST(GroupNorm, HasSecondDerivatives) {
  const auto gradient = [&](const std::function<Tensor(const Tensor&)>& f) {
    const auto x = drawn({2, 16, 5, 5}, 4).requires_grad_();
    const auto first = torch::autograd::grad({f(x).sin().sum()}, {x}, {}, true, true)[0];
    return torch::autograd::grad({first.square().sum()}, {x})[0];
  };
  const auto scale = drawn({2, 16}, 5) + 1, shift = drawn({2, 16}, 6);
  EXPECT_LT(relative(gradient([&](const Tensor& x) { return group_norm(x, 2, scale, shift, false); }),
                     gradient([&](const Tensor& x) { return naive_group_norm(x, 2, scale, shift, false); })),
            1e-4);
}

TEST(GroupNorm, DoesNotDependOnThreads) {
  const auto x = drawn({9, 32, 28, 28}, 7), scale = drawn({9, 32}, 8), shift = drawn({9, 32}, 9);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = group_norm(x, 4, scale, shift, false);
  at::set_num_threads(2);
  const auto two = group_norm(x, 4, scale, shift, false);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one, two));
}

TEST(GroupNorm, TakesScaleAndShiftFromACondition) {
  GroupNorm norm(16);
  const torch::NoGradGuard no_grad;
  norm.named_parameters()["scale"].copy_(drawn({16}, 10));
  norm.named_parameters()["shift"].copy_(drawn({16}, 11));
  const auto x = drawn({3, 16, 4, 4}, 12), condition = drawn({3, 32}, 13);
  const auto plain = at::group_norm(x, GroupNorm::groups_of(16), norm.named_parameters()["scale"],
                                    norm.named_parameters()["shift"], 1e-5, false);
  EXPECT_LT(relative(norm.forward(x), at::silu(plain)), 1e-5);
  const auto halves = condition.unsqueeze(2).unsqueeze(3).chunk(2, 1);
  EXPECT_LT(relative(norm.forward(x, condition), at::silu(plain * (1 + halves[0]) + halves[1])), 1e-5);
}

TEST(TimeWaves, AreSinesAndCosines) {
  const auto waves = time_waves(torch::tensor({0.0f, 3.0f, 700.5f}), 8);
  for (int k = 0; k < 4; ++k) {
    const double frequency = std::pow(1e-4, k / 3.0);
    EXPECT_NEAR(value(waves[1][k]), std::sin(3 * frequency), 1e-5);
    EXPECT_NEAR(value(waves[1][4 + k]), std::cos(3 * frequency), 1e-5);
    EXPECT_NEAR(value(waves[2][k]), std::sin(700.5 * frequency), 1e-3);
  }
}

TEST(Attention, IsTheWeightedMeanOfAllPlaces) {
  const torch::NoGradGuard no_grad;
  constexpr std::int64_t channels = 64, heads = 2, each = channels / heads;
  Attention attention(channels);
  for (auto& p : attention.parameters()) p.copy_(drawn(p.sizes(), 20) * 0.2);
  const auto named = attention.named_parameters();
  const auto x = drawn({2, channels, 3, 4}, 21);
  const auto got = attention.forward(x);
  const auto normed =
      at::group_norm(x, GroupNorm::groups_of(channels), named["norm.scale"], named["norm.shift"], 1e-5, false)
          .flatten(2);
  for (std::int64_t n = 0; n < 2; ++n) {
    const auto all =
        at::linear(normed[n].t(), named["inputs.weight"], named["inputs.bias"]);  // [places, 3 C]
    std::vector<Tensor> parts;
    for (std::int64_t h = 0; h < heads; ++h) {
      const auto part = [&](std::int64_t k) { return all.narrow(1, k * channels + h * each, each); };
      const auto weights = at::softmax(at::mm(part(0), part(1).t()) / std::sqrt(1.0 * each), 1);
      parts.push_back(at::mm(weights, part(2)));
    }
    const auto out = at::linear(at::cat(parts, 1), named["projection.weight"], named["projection.bias"]);
    EXPECT_LT(relative(got[n].flatten(1), x[n].flatten(1) + out.t()), 1e-5);
  }
}

TEST(UNet, KeepsTheShapeAndStartsAtZero) {
  struct Case {
    std::int64_t channels, height, width, patch;
    std::vector<std::int64_t> multipliers;
  };
  for (const auto& c : {Case{1, 28, 28, 1, {1, 2, 2}}, Case{3, 16, 20, 1, {1, 2, 3, 3}},
                        Case{1, 28, 28, 2, {1, 2}}, Case{2, 7, 5, 1, {1, 2}}, Case{1, 1, 1, 1, {1}}}) {
    UNet net({.channels = c.channels,
              .height = c.height,
              .width = c.width,
              .base = 16,
              .multipliers = c.multipliers,
              .blocks = 2,
              .patch = c.patch,
              .classes = 3},
             seeded(1));
    const auto x = drawn({2, c.channels, c.height, c.width}, 2);
    const auto times = torch::tensor({3.0f, 500.0f});
    const auto labels = torch::tensor({0, 3});
    const auto y = net.forward(x, times, labels);
    EXPECT_EQ(y.sizes(), x.sizes());
    EXPECT_EQ(value(y.abs().max()), 0);
    // With all weights drawn, time, class and every part of the image have an effect.
    const torch::NoGradGuard no_grad;
    auto generator = seeded(3);
    for (auto& p : net.parameters()) p.copy_(torch::randn(p.sizes(), generator) * 0.1);
    const auto base = net.forward(x, times, labels);
    EXPECT_FALSE(at::allclose(net.forward(x, times + 100, labels), base));
    EXPECT_FALSE(at::allclose(net.forward(x, times, torch::tensor({1, 3}))[0], base[0]));
    EXPECT_TRUE(at::allclose(net.forward(x, times, torch::tensor({1, 3}))[1], base[1], 1e-4, 1e-5));
    EXPECT_FALSE(at::allclose(net.forward(x + 1, times, labels), base));
  }
}

TEST(TimePerceptron, SeesTimeAndClass) {
  TimePerceptron net(2, 16, 2, 1, 3, seeded(1));
  const auto x = drawn({4, 2}, 2);
  const auto times = torch::tensor({3.0f, 500.0f, 3.0f, 3.0f}), labels = torch::tensor({0, 1, 2, 3});
  EXPECT_EQ(value(net.forward(x, times, labels).abs().max()), 0);
  const torch::NoGradGuard no_grad;
  auto generator = seeded(3);
  for (auto& p : net.parameters()) p.copy_(torch::randn(p.sizes(), generator) * 0.3);
  const auto base = net.forward(x, times, labels);
  EXPECT_EQ(base.sizes(), x.sizes());
  EXPECT_FALSE(at::allclose(net.forward(x, times + 100, labels), base));
  EXPECT_FALSE(at::allclose(net.forward(x, times, labels.flip(0)), base));
}

}  // namespace
}  // namespace belamy::nn
