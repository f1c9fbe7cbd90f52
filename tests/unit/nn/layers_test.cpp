// Layers against LibTorch's own or a naive loop; initialisation against its formulas.
#include "nn/layers.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "nn/draws.h"
#include "nn/init.h"
#include "nn/norm.h"
#include "numbers.h"

namespace belamy::nn {
namespace {

// |a - b| / |b|
double relative_error(const Tensor& a, const Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

struct TransposeCase {
  std::int64_t in, out, kernel, stride, padding, height, width;
  bool bias;
};

void PrintTo(const TransposeCase& c, std::ostream* out) {
  *out << c.in << "->" << c.out << " k" << c.kernel << " s" << c.stride << " p" << c.padding << " "
       << c.height << "x" << c.width << (c.bias ? " bias" : "");
}

class ConvTransposeTest : public testing::TestWithParam<TransposeCase> {
 protected:
  ConvTransposeTest()
      : layer_(std::make_shared<ConvTranspose>(GetParam().in, GetParam().out, GetParam().kernel,
                                               GetParam().stride, GetParam().padding, GetParam().bias)) {
    const torch::NoGradGuard no_grad;
    auto generator = seeded(1);
    for (auto& p : layer_->parameters()) p.copy_(torch::randn(p.sizes(), generator));
    x_ = torch::randn({3, GetParam().in, GetParam().height, GetParam().width}, generator);
  }
  Tensor reference(const Tensor& x) const {
    const auto parameters = layer_->named_parameters();
    const auto* bias = parameters.find("bias");
    return at::conv_transpose2d(x, parameters["weight"], bias ? *bias : Tensor(), GetParam().stride,
                                GetParam().padding);
  }

  std::shared_ptr<ConvTranspose> layer_;
  Tensor x_;
};

TEST_P(ConvTransposeTest, ForwardAndGradientsAreLibTorchs) {
  const auto x = x_.clone().requires_grad_();
  const auto got = layer_->forward(x), expected = reference(x);
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_LT(relative_error(got, expected), 1e-5);
  // An uneven loss, so that each output has a gradient of its own.
  std::vector<Tensor> inputs = layer_->parameters();
  inputs.push_back(x);
  const auto ours = torch::autograd::grad({got.sin().sum()}, inputs);
  const auto theirs = torch::autograd::grad({expected.sin().sum()}, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) EXPECT_LT(relative_error(ours[i], theirs[i]), 1e-5) << i;
}

// Against double precision: which of two sums in single precision is nearer depends on the processor.
TEST_P(ConvTransposeTest, TheGradientOfAGradientPenaltyIsLibTorchs) {
  using Parameters = std::vector<Tensor>;
  const auto penalty_gradients = [&](const std::function<Tensor(const Tensor&)>& f, const Tensor& data,
                                     Parameters inputs) {
    const auto x = data.clone().requires_grad_();
    const auto inside = torch::autograd::grad({f(x).sin().sum()}, {x}, {}, true, true)[0];
    inputs.push_back(x);
    return torch::autograd::grad({inside.square().sum()}, inputs);
  };
  Parameters precise;
  for (const auto& p : layer_->parameters())
    precise.push_back(p.detach().to(torch::kDouble).requires_grad_());
  const auto ours =
      penalty_gradients([&](const Tensor& x) { return layer_->forward(x); }, x_, layer_->parameters());
  const auto theirs =
      penalty_gradients([&](const Tensor& x) { return reference(x); }, x_, layer_->parameters());
  const auto exact = penalty_gradients(
      [&](const Tensor& x) {
        return at::conv_transpose2d(x, precise[0], precise.size() > 1 ? precise[1] : Tensor(),
                                    GetParam().stride, GetParam().padding);
      },
      x_.to(torch::kDouble), precise);
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto error = relative_error(theirs[i], exact[i]);
    EXPECT_LT(relative_error(ours[i], exact[i]), std::max(1e-5, 4 * error))
        << i << ", LibTorch's own: " << error;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConvTransposeTest,
                         testing::Values(TransposeCase{8, 4, 4, 2, 1, 7, 7, false},
                                         TransposeCase{16, 8, 4, 1, 0, 1, 1, false},
                                         TransposeCase{3, 5, 3, 1, 1, 6, 5, true},
                                         TransposeCase{4, 1, 5, 3, 2, 4, 6, true}));

// Draws that are neither a multiple of the kernel's block nor of its vectors.
constexpr std::int64_t kNormals = 1'000'003;

TEST(NormalDraws, AreNormal) {
  const auto x = normal_like(torch::empty({kNormals}), 1, seeded(3)).to(torch::kDouble);
  const auto n = static_cast<double>(kNormals);
  // Seed 3: standard errors of mean, variance, third and fourth moment; four of each are allowed.
  EXPECT_NEAR(x.mean().item<double>(), 0, 4 / std::sqrt(n));
  EXPECT_NEAR(x.square().mean().item<double>(), 1, 4 * std::sqrt(2 / n));
  EXPECT_NEAR(x.pow(3).mean().item<double>(), 0, 4 * std::sqrt(15 / n));
  EXPECT_NEAR(x.pow(4).mean().item<double>(), 3, 4 * std::sqrt(96 / n));
  // Kolmogorov's distance to the distribution function; 1.95 / sqrt(n) is exceeded once in a thousand seeds.
  const auto sorted = std::get<0>(x.sort());
  const auto function = 0.5 * (1 + torch::erf(sorted / std::sqrt(2.0)));
  const auto ranks = (torch::arange(kNormals, torch::kDouble) + 0.5) / n;
  EXPECT_LT((function - ranks).abs().max().item<double>(), 1.95 / std::sqrt(n));
  // The tails: beyond 4 deviations 6.3e-5 of them, 63 of a million.
  EXPECT_NEAR((x.abs() > 4).sum().item<double>(), 63.3, 4 * std::sqrt(63.3));
  EXPECT_LT(x.abs().max().item<double>(), 5.9);
}

TEST(NormalDraws, AreIndependentOfEachOther) {
  const auto x = normal_like(torch::empty({kNormals}), 1, seeded(4)).to(torch::kDouble);
  // 16: sine and cosine of one angle; 32 and 64: the next words and the next block.
  for (const std::int64_t lag : {1, 2, 16, 32, 64}) {
    const auto a = x.slice(0, lag), b = x.slice(0, 0, -lag);
    const double bound = 4 / std::sqrt(static_cast<double>(kNormals));
    EXPECT_NEAR((a * b).mean().item<double>(), 0, bound) << lag;
    EXPECT_NEAR(((a.square() - 1) * (b.square() - 1)).mean().item<double>(), 0, 2 * bound) << lag;
  }
}

TEST(NormalDraws, DependOnTheGeneratorAlone) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = normal_like(torch::empty({301, 333}), 0.5, seeded(5));
  at::set_num_threads(2);
  EXPECT_TRUE(normal_like(torch::empty({301, 333}), 0.5, seeded(5)).equal(one));
  at::set_num_threads(threads);
  EXPECT_FALSE(normal_like(torch::empty({301, 333}), 0.5, seeded(6)).equal(one));
  // A shorter array is the beginning of a longer one, and the deviation only scales.
  EXPECT_TRUE(normal_like(torch::empty({77}), 0.5, seeded(5)).equal(one.flatten().slice(0, 0, 77)));
  EXPECT_TRUE(normal_like(torch::empty({301, 333}), 1, seeded(5)).mul(0.5).equal(one));
}

TEST(DropoutTest, DropsTheShareAndKeepsTheMean) {
  // Seed 2, 100,000 draws: the share of zeros has a standard error of 0.0014, the mean one of 0.0021; five of
  // each are allowed.
  Dropout dropout(0.3, seeded(2));
  dropout.train();
  const auto y = dropout.forward(torch::ones({100000}));
  EXPECT_NEAR((y == 0).to(torch::kFloat).mean().item<double>(), 0.3, 0.007);
  EXPECT_NEAR(y.mean().item<double>(), 1, 0.0105);
  EXPECT_TRUE(((y == 0) | (y - 1 / 0.7).abs().lt(1e-5)).all().item<bool>())
      << "the rest is scaled by 1 / 0.7";
}

TEST(DropoutTest, IsTheIdentityInEvaluation) {
  Dropout dropout(0.5, seeded(2));
  dropout.eval();
  const auto x = torch::randn({100}, seeded(3));
  EXPECT_TRUE(dropout.forward(x).equal(x));
  dropout.train();
  EXPECT_FALSE(dropout.forward(x).equal(x));
}

TEST(DropoutTest, DrawsFromItsOwnGenerator) {
  Dropout a(0.5, seeded(4)), b(0.5, seeded(4)), c(0.5, seeded(5));
  const auto x = torch::ones({1000});
  const auto first = a.forward(x);
  torch::rand({10});  // the global generator must not matter
  EXPECT_TRUE(b.forward(x).equal(first));
  EXPECT_FALSE(c.forward(x).equal(first));
  EXPECT_FALSE(a.forward(x).equal(first)) << "the second mask is another";
}

TEST(DropoutTest, TheGradientPassesWhereTheValueDid) {
  Dropout dropout(0.5, seeded(6));
  const auto x = torch::ones({50}).requires_grad_();
  const auto y = dropout.forward(x);
  EXPECT_TRUE(torch::autograd::grad({y.sum()}, {x})[0].equal(y.detach()));
}

TEST(MaxoutTest, IsTheGreatestOfItsLinearMaps) {
  constexpr std::int64_t in = 3, out = 4, pieces = 5;
  const auto maxout = std::make_shared<Maxout>(in, out, pieces);
  auto generator = seeded(7);
  initialise(*maxout, Init::he, generator);
  const auto parameters = maxout->named_parameters();
  const auto weight = parameters["weight"], bias = parameters["bias"];
  {
    const torch::NoGradGuard no_grad;
    bias.copy_(torch::randn(bias.sizes(), generator));
  }
  const auto x = torch::randn({6, in}, generator), y = maxout->forward(x);
  ASSERT_THAT(y.sizes(), testing::ElementsAre(6, out));
  for (std::int64_t n = 0; n < 6; ++n) {
    for (std::int64_t o = 0; o < out; ++o) {
      float greatest = -1e9f;
      for (std::int64_t k = o * pieces; k < (o + 1) * pieces; ++k) {
        float sum = bias[k].item<float>();
        for (std::int64_t i = 0; i < in; ++i) sum += weight[k][i].item<float>() * x[n][i].item<float>();
        greatest = std::max(greatest, sum);
      }
      EXPECT_NEAR(y[n][o].item<float>(), greatest, 1e-5);
    }
  }
}

TEST(ChainTest, AppliesItsStepsInOrderAndNamesThemByPlace) {
  Chain chain;
  EXPECT_TRUE(chain.empty());
  chain.add([](const Tensor& x) { return x + 1; }).add(torch::nn::Linear(2, 3)).add(activation("relu"));
  const auto linear = chain.named_parameters();
  ASSERT_THAT(linear.keys(), testing::ElementsAre("1.weight", "1.bias"));
  const auto x = torch::randn({4, 2}, seeded(8));
  EXPECT_TRUE(torch::allclose(chain.forward(x),
                              torch::relu(at::linear(x + 1, linear["1.weight"], linear["1.bias"]))));
}

TEST(ActivationTest, ValuesByName) {
  const auto at = [](const char* name, double x) {
    return activation(name)(torch::tensor(x)).item<double>();
  };
  EXPECT_NEAR(at("leaky-relu", -1), -0.2, 1e-6);
  EXPECT_NEAR(at("relu", -1), 0, 1e-6);
  EXPECT_NEAR(at("tanh", 0.5), std::tanh(0.5), 1e-6);
  EXPECT_NEAR(at("sigmoid", 0.5), 1 / (1 + std::exp(-0.5)), 1e-6);
  EXPECT_NEAR(at("softplus", 0.5), std::log1p(std::exp(0.5)), 1e-6);
  EXPECT_NEAR(at("gelu", 0.5), 0.25 * (1 + std::erf(0.5 / std::sqrt(2))), 1e-6);
  EXPECT_NEAR(at("elu", -1), std::exp(-1) - 1, 1e-6);
  for (const auto& name : activation_names()) EXPECT_NO_THROW(activation(name)) << name;
  EXPECT_THROW(activation("swish-of-nobody"), std::logic_error);
}

// A stack with every kind of parameter that `initialise` tells apart.
struct Stack : torch::nn::Module {
  torch::nn::Linear linear{200, 300};
  torch::nn::Conv2d conv{torch::nn::Conv2dOptions(16, 32, 4)};
  std::shared_ptr<Norm> norm = std::make_shared<Norm>("batch", 512);
  Stack() {
    register_module("linear", linear);
    register_module("conv", conv);
    register_module("norm", norm);
  }
  Tensor scale() const { return norm->named_parameters()["weight"]; }
  Tensor shift() const { return norm->named_parameters()["bias"]; }
};

TEST(InitialiseTest, SameSeedSameBitsAndAnotherSeedOthers) {
  for (const auto init : {Init::dcgan, Init::he, Init::glorot}) {
    const auto a = std::make_shared<Stack>(), b = std::make_shared<Stack>(), c = std::make_shared<Stack>();
    initialise(*a, init, seeded(1));
    torch::rand({10});
    initialise(*b, init, seeded(1));
    initialise(*c, init, seeded(2));
    for (std::size_t i = 0; i < a->parameters().size(); ++i) {
      EXPECT_TRUE(a->parameters()[i].equal(b->parameters()[i])) << i;
    }
    EXPECT_FALSE(a->linear->weight.equal(c->linear->weight));
    EXPECT_FALSE(a->conv->weight.equal(c->conv->weight));
  }
}

// The standard error of a deviation from n draws is at most sd / sqrt(2n): for the 8,192 weights of the
// convolution 0.8 %, for the 60,000 of the linear layer 0.3 %. 4 % is five of the greater.
constexpr double kTolerance = 0.04;

double deviation(const Tensor& weights) {
  return weights.detach().std().item<double>();
}

TEST(InitialiseTest, DcganDrawsNormalWeightsAndScales) {
  const auto stack = std::make_shared<Stack>();
  initialise(*stack, Init::dcgan, seeded(3));
  EXPECT_NEAR(deviation(stack->linear->weight), 0.02, 0.02 * kTolerance);
  EXPECT_NEAR(deviation(stack->conv->weight), 0.02, 0.02 * kTolerance);
  EXPECT_NEAR(stack->scale().mean().item<double>(), 1,
              0.005);                                    // standard error 0.02 / sqrt(512) = 0.0009
  EXPECT_NEAR(deviation(stack->scale()), 0.02, 0.0035);  // of 512 draws: 3 % standard error
  EXPECT_EQ(stack->shift().abs().sum().item<double>(), 0);
  EXPECT_EQ(stack->linear->bias.abs().sum().item<double>(), 0);
}

TEST(InitialiseTest, HeScalesWithTheInputs) {
  const auto stack = std::make_shared<Stack>();
  initialise(*stack, Init::he, seeded(4));
  EXPECT_NEAR(deviation(stack->linear->weight) / std::sqrt(2.0 / 200), 1, kTolerance);
  EXPECT_NEAR(deviation(stack->conv->weight) / std::sqrt(2.0 / (16 * 4 * 4)), 1, kTolerance);
  EXPECT_TRUE((stack->scale() == 1).all().item<bool>());
  EXPECT_EQ(stack->conv->bias.abs().sum().item<double>(), 0);
}

TEST(InitialiseTest, GlorotIsUniformInsideItsBound) {
  const auto stack = std::make_shared<Stack>();
  initialise(*stack, Init::glorot, seeded(5));
  const double linear = std::sqrt(6.0 / (200 + 300)), conv = std::sqrt(6.0 / ((16 + 32) * 4 * 4));
  EXPECT_LE(stack->linear->weight.abs().max().item<double>(), linear);
  EXPECT_LE(stack->conv->weight.abs().max().item<double>(), conv);
  EXPECT_NEAR(deviation(stack->linear->weight) / (linear / std::sqrt(3)), 1, kTolerance);
  EXPECT_NEAR(deviation(stack->conv->weight) / (conv / std::sqrt(3)), 1, kTolerance);
  EXPECT_TRUE((stack->scale() == 1).all().item<bool>());
}

}  // namespace
}  // namespace belamy::nn
