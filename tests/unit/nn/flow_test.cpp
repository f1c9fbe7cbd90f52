// Layers of flows: that they can be undone, and that their log-determinants are those of autograd's Jacobians.
#include "nn/flow.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/init.h"
#include "numbers.h"

namespace belamy::nn {
namespace {

// What float32 leaves of values and sums of some hundred terms near 1.
constexpr double kFlowRounding = 1e-4;

Tensor flow_normal(at::IntArrayRef sizes, std::uint64_t seed) {
  return torch::randn(sizes, seeded(seed));
}

double flow_greatest(const Tensor& x) {
  return x.abs().max().item<double>();
}

// Moves all parameters off their start, at which many layers are the identity.
void disturb(torch::nn::Module& module, double by = 0.2) {
  const torch::NoGradGuard no_grad;
  auto generator = seeded(3);
  for (auto& p : module.parameters()) p.add_(by * torch::randn(p.sizes(), generator));
}

// log |det| of the Jacobian of one example [1, ...] by autograd, in double precision.
double jacobian_log_determinant(Invertible& layer, const Tensor& one) {
  const auto x = one.clone().requires_grad_();
  const auto y = layer.map(x).value.flatten();
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    rows.push_back(torch::autograd::grad({y[i]}, {x}, {}, /*retain_graph=*/true)[0].flatten());
  }
  return std::get<1>(at::linalg_slogdet(torch::stack(rows).to(torch::kDouble))).item<double>();
}

void expect_invertible(Invertible& layer, const Tensor& x, const std::string& what) {
  SCOPED_TRACE(what);
  const auto [y, log_determinant] = layer.map(x);
  EXPECT_EQ(y.numel(), x.numel());
  const auto back = layer.inverse(y);
  ASSERT_EQ(back.sizes(), x.sizes());
  EXPECT_LT(flow_greatest(back - x), kFlowRounding);
  const auto each =
      log_determinant.defined() ? log_determinant.expand({x.size(0)}) : torch::zeros({x.size(0)});
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    EXPECT_NEAR(each[i].item<double>(), jacobian_log_determinant(layer, x.narrow(0, i, 1)), kFlowRounding)
        << i;
  }
}

TEST(FlowTest, EveryCouplingCanBeUndoneAndKnowsItsDeterminant) {
  for (const auto scaling : {Scaling::none, Scaling::bounded, Scaling::tanh, Scaling::sigmoid}) {
    for (const auto given : {Given::first, Given::second, Given::even, Given::odd}) {
      const auto what = "scaling " + std::to_string(static_cast<int>(scaling)) + ", given " +
                        std::to_string(static_cast<int>(given));
      const bool halves = given == Given::first || given == Given::second;
      for (const std::int64_t channels : {1, 2, 3}) {
        if (halves && channels == 1) continue;
        const auto in = Coupling::given_channels(channels, given);
        const auto out = Coupling::outputs(channels, given, scaling);
        Coupling image(channels, given, scaling, convolutional_conditioner(in, {5, 4}, out, seeded(1)));
        disturb(image);
        expect_invertible(image, flow_normal({2, channels, 4, 6}, 2), what + ", images");
        if (!halves) continue;
        Coupling point(channels, given, scaling, dense_conditioner(in, {5, 4}, out, seeded(1)));
        disturb(point);
        expect_invertible(point, flow_normal({2, channels}, 2), what + ", points");
      }
    }
  }
}

TEST(FlowTest, ACouplingLeavesWhatItIsGivenAlone) {
  const auto x = flow_normal({2, 2, 4, 4}, 1);
  for (const auto given : {Given::first, Given::second, Given::even, Given::odd}) {
    Coupling layer(2, given, Scaling::tanh,
                   convolutional_conditioner(Coupling::given_channels(2, given), {5},
                                             Coupling::outputs(2, given, Scaling::tanh), seeded(1)));
    disturb(layer);
    const auto changed = layer.map(x).value != x;
    for (std::int64_t c = 0; c < 2; ++c) {
      for (std::int64_t row = 0; row < 4; ++row) {
        for (std::int64_t column = 0; column < 4; ++column) {
          const bool odd = (row + column) % 2 == 1;
          const bool kept = given == Given::first    ? c == 0
                            : given == Given::second ? c == 1
                            : given == Given::even   ? !odd
                                                     : odd;
          EXPECT_EQ(changed[0][c][row][column].item<bool>(), !kept) << c << row << column;
        }
      }
    }
  }
}

TEST(FlowTest, AScalingStartsFromTheVarianceOfItsChannelAndABitOfThatOfAll) {
  auto x = flow_normal({9, 2}, 3);
  x.select(1, 0).zero_();  // a pixel that is black in this batch
  DiagonalScaling layer(2);
  EXPECT_TRUE(layer.map(x).value.equal(x)) << "without a DataStart, the identity";
  {
    const DataStart start;
    layer.map(x);
  }
  const auto scales = layer.map(at::ones({1, 2})).value;
  const auto all = x.var(0, false), together = x.reshape({18}).var(0, false);
  EXPECT_NEAR(scales[0][1].item<double>(), ((9 * all[1] + together) / 10).rsqrt().item<double>(), 1e-5);
  EXPECT_NEAR(scales[0][0].item<double>(), ((9 + together) / 10).rsqrt().item<double>(), 1e-5)
      << "a constant channel counts as one of deviation 1";
}

TEST(FlowTest, EveryOtherLayerCanBeUndoneAndKnowsItsDeterminant) {
  const auto images = flow_normal({2, 4, 3, 3}, 2), points = flow_normal({2, 5}, 2);
  const auto check = [&](auto&& make, const std::string& what) {
    const auto of_images = make(4), of_points = make(5);
    disturb(*of_images);
    disturb(*of_points);
    expect_invertible(*of_images, images, what + ", images");
    expect_invertible(*of_points, points, what + ", points");
  };
  check([](std::int64_t n) { return std::make_shared<ActNorm>(n); }, "actnorm");
  check([](std::int64_t n) { return std::make_shared<DiagonalScaling>(n); }, "scaling");
  check([](std::int64_t n) { return std::make_shared<InvertibleConvolution>(n, seeded(4)); }, "convolution");
  for (const auto order : {0, 1, 2}) {
    check(
        [&](std::int64_t n) {
          return std::make_shared<Permutation>(order == 0   ? Permutation::reversed(n)
                                               : order == 1 ? Permutation::evens_first(n)
                                                            : Permutation::shuffled(n, seeded(5)));
        },
        "permutation");
  }
  Squeeze squeeze;
  expect_invertible(squeeze, flow_normal({2, 2, 4, 6}, 2), "squeeze");
  Flattening flattening(4, 3, 3);
  expect_invertible(flattening, images, "flattening");
  auto rest = std::make_shared<Flow>();
  rest->add("norm", std::make_shared<ActNorm>(2)).add("flat", std::make_shared<Flattening>(2, 3, 3));
  Split split(4, 3, 3, rest);
  disturb(split);
  expect_invertible(split, images, "split");
}

TEST(FlowTest, OrdersAreThoseOfTheirNames) {
  EXPECT_THAT(Permutation::reversed(4), testing::ElementsAre(3, 2, 1, 0));
  EXPECT_THAT(Permutation::evens_first(5), testing::ElementsAre(0, 2, 4, 1, 3));
  EXPECT_THAT(Permutation::shuffled(6, seeded(1)), testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5));
  Permutation back(Permutation::reversed(3));
  EXPECT_TRUE(
      torch::equal(back.map(torch::tensor({{1.F, 2.F, 3.F}})).value, torch::tensor({{3.F, 2.F, 1.F}})));
}

TEST(FlowTest, AConvolutionStartsAsARotation) {
  for (const std::int64_t channels : {2, 5, 12}) {
    InvertibleConvolution layer(channels, seeded(6));
    const auto [weight, log_determinant] = layer.map(torch::eye(channels));
    EXPECT_LT(flow_greatest(at::matmul(weight, weight.t()) - torch::eye(channels)), 1e-5);
    EXPECT_NEAR(log_determinant.item<double>(), 0, 1e-5);
  }
}

TEST(FlowTest, TheLogDeterminantOfAConvolutionHasTheGradientOfItsMatrix) {
  // d log |det W| / dW = W^-T: followed through the factors, it must be what autograd finds for the sum.
  InvertibleConvolution layer(4, seeded(6));
  disturb(layer);
  const auto x = torch::eye(4);
  const auto [columns, log_determinant] = layer.map(x);  // W^T
  const auto by_sum =
      torch::autograd::grad({log_determinant.sum()}, {layer.parameters()}, {}, true, false, true);
  const auto by_matrix = torch::autograd::grad({at::logdet(at::matmul(columns, columns.t())) / 2},
                                               {layer.parameters()}, {}, true, false, true);
  for (std::size_t i = 0; i < by_matrix.size(); ++i) {
    const auto expected = by_sum[i].defined() ? by_sum[i] : torch::zeros_like(by_matrix[i]);
    EXPECT_LT(flow_greatest(by_matrix[i] - expected), kFlowRounding) << i;
  }
}

TEST(FlowTest, ActNormStartsFromABatch) {
  auto x = flow_normal({6, 3, 4, 4}, 7) * torch::tensor({2.F, 0.01F, 5.F}).view({3, 1, 1}) + 3;
  x.select(1, 2).fill_(-7);  // constant
  ActNorm layer(3);
  EXPECT_LT(flow_greatest(layer.map(x).value - x), 1e-6) << "without a start it is the identity";
  {
    const DataStart start;
    layer.map(x);
  }
  const auto y = layer.map(x).value;
  const auto deviation = y.std({0, 2, 3}, /*unbiased=*/false);
  EXPECT_LT(flow_greatest(y.mean({0, 2, 3})), 1e-4);  // 3 / 0.01 in float32
  EXPECT_NEAR(deviation[0].item<double>(), 1, 1e-4);
  EXPECT_NEAR(deviation[1].item<double>(), 1, 1e-3);
  EXPECT_EQ(flow_greatest(y.select(1, 2)), 0) << "a constant channel is shifted to zero";
  EXPECT_LT(flow_greatest(layer.inverse(y) - x), kFlowRounding);
  const auto other = layer.map(x + 1).value;
  EXPECT_TRUE(torch::isfinite(other).all().item<bool>());
  EXPECT_NEAR(flow_greatest(other.select(1, 2)), 1, 1e-6) << "and not scaled";
}

TEST(FlowTest, PixelsStartWithCommonMoments) {
  auto x = 3 * flow_normal({50, 4}, 7) + 1;
  x.select(1, 3).fill_(1);  // a pixel that varies in another batch
  ActNorm layer(4, /*alike=*/true);
  {
    const DataStart start;
    layer.map(x);
  }
  const auto y = layer.map(x).value;
  EXPECT_NEAR(y.mean().item<double>(), 0, 1e-5);
  EXPECT_NEAR(y.std(/*unbiased=*/false).item<double>(), 1, 1e-5);
  const auto scale = layer.named_parameters()["log-scale"];
  EXPECT_EQ(flow_greatest(scale - scale[0]), 0);
}

TEST(FlowTest, OnePassStartsAllLayersOfANetwork) {
  const auto network = convolutional_conditioner(2, {6, 5}, 4, seeded(1));
  const auto x = 4 * flow_normal({8, 2, 5, 5}, 2) - 3;
  {
    const DataStart start;
    network->forward(x);
  }
  for (const std::size_t hidden : {1, 3}) {
    const auto y = network->forward(x, 0, hidden);
    EXPECT_LT(flow_greatest(y.mean({0, 2, 3})), 1e-5);
    EXPECT_LT(flow_greatest(y.std({0, 2, 3}, /*unbiased=*/false) - 1), 1e-5);
  }
  EXPECT_EQ(flow_greatest(network->forward(x)), 0) << "the last layer stays zero";
}

TEST(FlowTest, AFlowOfCouplingsGoesThereAndBackAndKnowsItsDensity) {
  for (const std::int64_t dimension : {2, 3, 5}) {
    CouplingFlow flow(dimension, 3, 8, seeded(1));
    const auto z = flow_normal({4, dimension}, 2);
    EXPECT_LT(flow_greatest(flow.to_normal(z) - z), 1e-6) << "starts as the identity";
    disturb(flow, 0.3);
    const auto u = flow.to_normal(z).detach();
    EXPECT_GT(flow_greatest(u - z), 0.1);
    EXPECT_LT(flow_greatest(flow.from_normal(u) - z), kFlowRounding);
    const auto x = z.narrow(0, 0, 1);
    const double normal_part =
        -0.5 * u[0].square().sum().item<double>() - 0.5 * std::log(2 * M_PI) * static_cast<double>(dimension);
    EXPECT_NEAR(flow.log_density(z)[0].item<double>(), normal_part + jacobian_log_determinant(flow, x),
                kFlowRounding);
  }
}

TEST(FlowTest, RunsOfEarlierVersionsFindTheirWeights) {
  CouplingFlow flow(4, 2, 8, seeded(1));
  EXPECT_THAT(flow.named_parameters().keys(),
              testing::ElementsAre("coupling-0.0.weight", "coupling-0.0.bias", "coupling-0.2.weight",
                                   "coupling-0.2.bias", "coupling-0.4.weight", "coupling-0.4.bias",
                                   "coupling-1.0.weight", "coupling-1.0.bias", "coupling-1.2.weight",
                                   "coupling-1.2.bias", "coupling-1.4.weight", "coupling-1.4.bias"));
}

}  // namespace
}  // namespace belamy::nn
