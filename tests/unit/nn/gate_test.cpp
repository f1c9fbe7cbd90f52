// The gated unit in one pass against LibTorch's own operations.
#include "nn/gate.h"

#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "nn/causal.h"
#include "nn/products.h"
#include "numbers.h"

namespace belamy::nn {
namespace {

Tensor plain_gate_of(const Tensor& x) {
  const auto halves = x.chunk(2, 1);
  return torch::tanh(halves[0]) * torch::sigmoid(halves[1]);
}

// Channels innermost, cut out of a larger image as a causal convolution does it.
Tensor cut_image(std::int64_t channels, std::uint64_t seed) {
  const auto x = channels_last(torch::randn({3, channels, 7, 9}, seeded(seed)) * 2);
  return x.narrow(2, 0, 5).narrow(3, 0, 6);
}

class GateTest : public testing::TestWithParam<std::int64_t> {};  // the number of outputs

TEST_P(GateTest, HasTheValuesAndGradientsOfThePlainFormula) {
  ASSERT_TRUE(fast_paths());
  for (const bool with_more : {false, true}) {
    const auto x = cut_image(2 * GetParam(), 1).requires_grad_();
    const auto more = with_more
                          ? channels_last(torch::randn({3, 2 * GetParam(), 5, 6}, seeded(2))).requires_grad_()
                          : Tensor();
    const auto weight = torch::randn({3, GetParam(), 5, 6}, seeded(3));
    std::vector<Tensor> inputs = {x};
    if (with_more) inputs.push_back(more);
    const auto got = gate(x, more), expected = plain_gate_of(with_more ? x + more : x);
    EXPECT_LT((got - expected).abs().max().item<double>(), 2e-6);  // single precision
    const auto a = torch::autograd::grad({(got * weight).sum()}, inputs);
    const auto b = torch::autograd::grad({(expected * weight).sum()}, inputs);
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_LT((a[i] - b[i]).abs().max().item<double>(), 5e-6) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, GateTest, testing::Values(1, 3, 16, 21));

TEST(Gate, CanBeDifferentiatedTwice) {
  const auto x = cut_image(8, 1).requires_grad_();
  const auto second = [&](const Tensor& y) {
    const auto first = torch::autograd::grad({y.square().sum()}, {x}, {}, true, true)[0];
    return torch::autograd::grad({first.square().sum()}, {x})[0];
  };
  EXPECT_LT((second(gate(x)) - second(plain_gate_of(x))).abs().max().item<double>(), 1e-4);
}

TEST(Gate, TakesRowsOfFeatures) {
  const auto x = torch::randn({5, 6}, seeded(4)), more = torch::randn({5, 6}, seeded(5));
  EXPECT_TRUE(torch::allclose(gate(x, more), plain_gate_of(x + more)));
}

}  // namespace
}  // namespace belamy::nn
