// The fast paths of layers beside LibTorch's own: values, first and second derivatives.
#include "nn/products.h"

#include <cmath>
#include <gmock/gmock.h>
#include <map>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <tuple>

#include "nn/layers.h"
#include "nn/norm.h"
#include "nn/substitution.h"
#include "objectives/likelihood.h"
#include "small_data.h"

namespace belamy {
namespace {

double distance(const Tensor& got, const Tensor& expected) {
  EXPECT_EQ(got.sizes(), expected.sizes());
  return ((got - expected).norm() / expected.norm().clamp_min(1e-12)).item<double>();
}

class ProductsTest : public testing::Test {
 protected:
  ~ProductsTest() override { nn::set_fast_paths(true); }

  // Values, gradients, and the gradients of a penalty on the first gradient, fast and plain.
  template <class F>
  static void expect_alike(F function, const std::vector<Tensor>& inputs) {
    const auto all = [&](bool fast) {
      nn::set_fast_paths(fast);
      std::vector<Tensor> leaves, results;
      for (const auto& input : inputs) leaves.push_back(input.detach().clone().requires_grad_());
      const auto y = function(leaves);
      const auto weights = torch::linspace(-1, 1, y.numel()).view(y.sizes());
      const auto first = torch::autograd::grad({(y.square() * weights).sum()}, leaves, {}, true, true);
      const auto second = torch::autograd::grad({first[0].square().sum()}, leaves, {}, false, false, true);
      results = {y};
      results.insert(results.end(), first.begin(), first.end());
      for (const auto& g : second) results.push_back(g.defined() ? g : torch::zeros({1}));
      return results;
    };
    const auto fast = all(true), plain = all(false);
    ASSERT_EQ(fast.size(), plain.size());
    for (std::size_t i = 0; i < fast.size(); ++i) EXPECT_LT(distance(fast[i], plain[i]), 1e-5) << i;
  }
};

TEST_F(ProductsTest, ProductsOfEveryOrientation) {
  torch::manual_seed(1);
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      const auto a = ta ? torch::randn({5, 7}) : torch::randn({7, 5});
      const auto b = tb ? torch::randn({3, 5}) : torch::randn({5, 3});
      expect_alike([&](const auto& x) { return nn::product(x[0], x[1], ta, tb); }, {a, b});
    }
  }
}

TEST_F(ProductsTest, MatricesThatLieOtherwiseInMemory) {
  torch::manual_seed(2);
  const auto transposed = torch::randn({5, 7}).t(), sliced = torch::randn({7, 20}).slice(1, 0, 10, 2);
  const auto b = torch::randn({5, 3});
  for (const auto& a : {transposed, sliced}) EXPECT_LT(distance(nn::product(a, b), a.mm(b)), 1e-5);
}

TEST_F(ProductsTest, AddedProducts) {
  torch::manual_seed(3);
  const auto a = torch::randn({7, 5}), b = torch::randn({7, 3}), start = torch::randn({5, 3});
  auto into = start.clone();
  nn::add_product(into, 0.5, -2, a, b, true);
  EXPECT_LT(distance(into, 0.5 * start - 2 * a.t().mm(b)), 1e-5);
}

// Large enough for several threads, with a column more than whole vectors.
TEST_F(ProductsTest, SharedOutBetweenThreads) {
  torch::manual_seed(8);
  const auto a = torch::randn({70, 300}), b = torch::randn({517, 300}), start = torch::randn({70, 517});
  const auto expected = a.mm(b.t());
  const int threads = at::get_num_threads();
  for (const int some : {1, 2, 3}) {
    at::set_num_threads(some);
    EXPECT_LT(distance(nn::product(a, b, false, true), expected), 1e-5) << some;
    const auto into = start.clone();
    nn::add_product(into, 0.5, 2, a, b, false, true);
    EXPECT_LT(distance(into, 0.5 * start + 2 * expected), 1e-5) << some;
  }
  at::set_num_threads(threads);
}

TEST_F(ProductsTest, AffineMapsWithAndWithoutBias) {
  torch::manual_seed(4);
  const auto x = torch::randn({6, 5}), weight = torch::randn({4, 5}), bias = torch::randn({4});
  expect_alike([](const auto& v) { return nn::affine(v[0], v[1], v[2]); }, {x, weight, bias});
  expect_alike([](const auto& v) { return nn::affine(v[0], v[1]); }, {x, weight});
}

TEST_F(ProductsTest, EmptyBatchesAndOtherTypes) {
  const auto weight = torch::randn({4, 5});
  EXPECT_EQ(nn::affine(torch::zeros({0, 5}), weight).sizes(), (std::vector<std::int64_t>{0, 4}));
  EXPECT_EQ(nn::product(torch::ones({2, 5}, torch::kDouble), weight.t().to(torch::kDouble)).scalar_type(),
            torch::kDouble);
}

TEST_F(ProductsTest, TransposedConvolutions) {
  torch::manual_seed(5);
  nn::ConvTranspose layer(3, 4, 4, 2, 1, true);
  for (auto& parameter : layer.parameters()) torch::NoGradGuard(), parameter.data().normal_();
  expect_alike([&](const auto& v) { return layer.forward(v[0]); }, {torch::randn({2, 3, 5, 5})});
}

// Few channels on one side, odd sizes, kernels that stand over the border, steps that leave pixels out, and images whose
// windows are divided into bands (64 x 70 places of 75 values).
struct NarrowCase {
  std::int64_t in, out, kernel, stride, padding, height, width;
  bool bias;
};

void PrintTo(const NarrowCase& c, std::ostream* out) {
  *out << c.in << "->" << c.out << " k" << c.kernel << " s" << c.stride << " p" << c.padding << " "
       << c.height << "x" << c.width << (c.bias ? " bias" : "");
}

class NarrowTest : public ProductsTest, public testing::WithParamInterface<NarrowCase> {};

TEST_P(NarrowTest, ConvolutionsOfFewChannelsAreLibTorchs) {
  const auto& c = GetParam();
  torch::manual_seed(11);
  nn::Conv layer(c.in, c.out, c.kernel, c.stride, c.padding, c.bias);
  std::vector<Tensor> inputs = {torch::randn({3, c.in, c.height, c.width})};
  for (const auto& p : layer.parameters()) inputs.push_back(torch::randn(p.sizes()));
  expect_alike(
      [&](const auto& v) {
        const nn::Substitution own(layer.parameters(), {v.begin() + 1, v.end()});
        return layer.forward(v[0]);
      },
      inputs);
}

TEST_F(ProductsTest, MapsWithChannelsInnermost) {
  torch::manual_seed(12);
  const torch::NoGradGuard no_grad;
  nn::ConvTranspose layer(6, 2, 4, 2, 1, true);
  for (auto& parameter : layer.parameters()) parameter.normal_();
  const auto x = torch::randn({2, 6, 5, 7});
  const auto y = layer.forward(x.contiguous(torch::MemoryFormat::ChannelsLast));
  EXPECT_TRUE(y.is_contiguous());
  EXPECT_LT(distance(y, layer.forward(x)), 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, NarrowTest,
    testing::Values(NarrowCase{1, 8, 4, 2, 1, 12, 12, true}, NarrowCase{3, 5, 3, 1, 1, 7, 9, false},
                    NarrowCase{3, 6, 5, 2, 2, 64, 70, true}, NarrowCase{2, 7, 5, 3, 0, 12, 13, true},
                    NarrowCase{8, 1, 3, 1, 1, 6, 5, true}, NarrowCase{6, 3, 7, 1, 3, 64, 33, true},
                    NarrowCase{9, 3, 1, 1, 0, 5, 4, false}, NarrowCase{8, 2, 3, 1, 0, 6, 5, true},
                    NarrowCase{8, 1, 3, 2, 1, 9, 9, true}, NarrowCase{1, 1, 3, 1, 2, 4, 4, true}));

// Norms with and without a rectifier behind them. The first derivatives that no second ones follow have
// kernels of their own. Sizes: columns beside the kernels' 64 lanes; planes below, beside and above them.
using NormCase = std::tuple<std::string, std::vector<std::int64_t>, double>;
class NormsTest : public ProductsTest, public testing::WithParamInterface<NormCase> {
 protected:
  ~NormsTest() override { nn::set_fast_paths(true); }
};

TEST_P(NormsTest, AreThoseOfLibTorch) {
  const auto& [kind, sizes, slope] = GetParam();
  torch::manual_seed(6);
  const auto channels = sizes[1];
  // Far from zero, where a careless variance would lose its digits.
  const auto x = torch::randn(sizes) * 2 + 20, out = torch::randn(sizes);
  const auto scale = torch::rand({channels}) + 0.5, shift = torch::randn({channels});
  const auto run = [&, &kind = kind, slope = slope](bool fast) {
    nn::set_fast_paths(fast);
    nn::Norm norm(kind, channels);
    norm.train();
    auto parameters = norm.parameters();
    torch::NoGradGuard(), parameters[0].data().copy_(scale), parameters[1].data().copy_(shift);
    const auto leaf = x.clone().requires_grad_();
    const auto y = norm.forward(leaf, slope);
    auto results = torch::autograd::grad({y}, {leaf, parameters[0], parameters[1]}, {out});
    results.push_back(y.detach());
    for (const auto& buffer : norm.buffers()) results.push_back(buffer);
    return results;
  };
  const auto fast = run(true), plain = run(false);
  ASSERT_EQ(fast.size(), plain.size());
  for (std::size_t i = 0; i < fast.size(); ++i) EXPECT_LT(distance(fast[i], plain[i]), 2e-5) << i;

  expect_alike(
      [&, &kind = kind, slope = slope](const auto& v) {
        nn::Norm norm(kind, channels);
        norm.train();
        const auto parameters = norm.parameters();
        const nn::Substitution ours(parameters, {v[1], v[2]});
        return norm.forward(v[0], slope);
      },
      {x - 20, scale, shift});
}

TEST_P(NormsTest, WithoutScalesTheirShiftIsLearnedAlone) {
  const auto& [kind, sizes, slope] = GetParam();
  torch::manual_seed(8);
  const auto x = torch::randn(sizes), out = torch::randn(sizes);
  const auto run = [&, &kind = kind, slope = slope](bool scales) {
    nn::Norm norm(kind, sizes[1], 0, scales);
    norm.train();
    EXPECT_EQ(norm.parameters().size(), scales ? 2 : 1);
    const auto leaf = x.clone().requires_grad_(), shift = norm.parameters().back();
    const auto y = norm.forward(leaf, slope);
    auto results = torch::autograd::grad({y}, {leaf, shift}, {out}, {}, /*create_graph=*/true);
    results.push_back(torch::autograd::grad({results[0].square().sum()}, {leaf})[0]);
    return results;
  };
  const auto with = run(true), without = run(false);
  for (std::size_t i = 0; i < with.size(); ++i) EXPECT_LT(distance(without[i], with[i]), 1e-6) << i;
}

INSTANTIATE_TEST_SUITE_P(All, NormsTest,
                         testing::Combine(testing::Values("batch", "instance"),
                                          testing::Values(std::vector<std::int64_t>{3, 4, 5, 6},
                                                          std::vector<std::int64_t>{2, 3, 7, 9},
                                                          std::vector<std::int64_t>{2, 2, 64, 80}),
                                          testing::Values(1, 0, 0.2)));
INSTANTIATE_TEST_SUITE_P(Columns, NormsTest,
                         testing::Combine(testing::Values("batch"),
                                          testing::Values(std::vector<std::int64_t>{130, 70},
                                                          std::vector<std::int64_t>{16, 64},
                                                          std::vector<std::int64_t>{5, 3}),
                                          testing::Values(1, 0, 0.2)));

TEST_F(ProductsTest, BernoulliLogLikelihoods) {
  torch::manual_seed(9);
  for (const auto& sizes : {std::vector<std::int64_t>{5, 3}, {4, 1, 7, 5}, {300, 2000}}) {
    const auto x = torch::rand(sizes), t = torch::randn(sizes) * 5;
    expect_alike([](const auto& v) { return objectives::bernoulli_log_likelihood(v[0], v[1]); }, {x, t});
    // The gradients that no second ones follow have a kernel.
    const auto leaf = t.clone().requires_grad_(), weights = torch::rand({sizes[0]});
    const auto got =
        torch::autograd::grad({objectives::bernoulli_log_likelihood(x, leaf)}, {leaf}, {weights})[0];
    const auto expected = (x - t.sigmoid()).flatten(1) * weights.unsqueeze(1);
    EXPECT_LT(distance(got.flatten(1), expected), 1e-6);
  }
  // Far out, where exp would overflow; and what is no number stays none.
  const auto t = torch::tensor({{-200.0f, -30.0f, 0.0f, 30.0f, 200.0f}}), x = torch::full({1, 5}, 0.25f);
  EXPECT_NEAR(objectives::bernoulli_log_likelihood(x, t).item<double>(), -230 - std::log(2.0), 1e-3);
  EXPECT_TRUE(std::isnan(objectives::bernoulli_log_likelihood(x, t * std::nan("")).item<float>()));
}

TEST_F(ProductsTest, AChainRunsANormAndItsRectifierAsOne) {
  torch::manual_seed(7);
  nn::Chain chain;
  chain.add(std::make_shared<nn::Norm>("batch", 4)).add(nn::activation("relu"));
  chain.add(std::make_shared<nn::Norm>("batch", 4)).add(nn::activation("tanh"));
  chain.train();
  const auto x = torch::randn({6, 4});
  const auto whole = chain.forward(x), first = chain.forward(x, 0, 1), rest = chain.forward(first, 1, 4);
  EXPECT_LT(first.min().item<double>(), 0);
  EXPECT_LT(distance(whole, rest), 1e-6);
}

// bfloat16 keeps eight bits: what a first step reports agrees to a hundredth.
TEST(MixedPrecision, ReportsOfAFirstStepAreNearThoseInSinglePrecision) {
  for (const std::string model : {"gan", "dcgan", "vae"}) {
    const auto data = small_images(64, 16);
    const auto first_step = [&](const std::string& precision) {
      auto settings = find_model(model).tiny;
      settings.insert(settings.end(), {"train.batch=16", "train.steps=10", "train.precision=" + precision});
      const auto recipe = recipe_of(model, settings);
      Session session(*recipe, data, torch::kCPU);
      session.run_step();
      return session.take_records();
    };
    const auto single = first_step("f32"), mixed = first_step("bf16");
    ASSERT_EQ(single.size(), mixed.size());
    for (std::size_t i = 0; i < single.size(); ++i) {
      // The generator's is taken after the discriminator has moved, by Adam's first step: a mere sign.
      if (single[i].first.rfind("loss/", 0) != 0 || single[i].first == "loss/generator") continue;
      EXPECT_NEAR(mixed[i].second, single[i].second, 1e-2 * std::abs(single[i].second)) << single[i].first;
      EXPECT_NE(mixed[i].second, single[i].second) << model << " did not compute in bfloat16";
    }
  }
}

double generator_loss(const std::string& precision, const std::string& rate) {
  const auto recipe =
      recipe_of("gan", {"train.batch=16", "train.steps=10", "train.precision=" + precision, "model.dropout=0",
                        "optimizer.discriminator.optimizer=sgd", "optimizer.discriminator.beta1=0",
                        "optimizer.discriminator.lr=" + rate});
  Session session(*recipe, small_images(64, 16), torch::kCPU);
  session.run_step();
  for (const auto& [name, value] : session.take_records())
    if (name == "loss/generator") return value;
  return NAN;
}

TEST(MixedPrecision, TheGeneratorPlaysAgainstTheWeightsThatTheDiscriminatorHasNow) {
  const auto moved = generator_loss("f32", "0.3"), unmoved = generator_loss("f32", "1e-9");
  ASSERT_GT(std::abs(moved - unmoved), 0.1 * moved);
  EXPECT_NEAR(generator_loss("bf16", "0.3"), moved, 0.03 * moved);
}

// It looks at its own codes without gradients before it learns from them.
TEST(MixedPrecision, WhatWasSeenWithoutGradientsStillLearns) {
  auto settings = find_model("debiasing-vae").tiny;
  settings.insert(settings.end(), {"train.batch=16", "train.steps=10", "train.precision=bf16"});
  const auto recipe = recipe_of("debiasing-vae", settings);
  Session session(*recipe, small_images(64, 16), torch::kCPU);
  std::map<std::string, Tensor> before;
  for (const auto& item : session.state().model().named_parameters())
    before[item.key()] = item.value().detach().clone();
  run_steps(session, 2);
  for (const auto& item : session.state().model().named_parameters())
    EXPECT_FALSE(same_bits(item.value(), before.at(item.key()))) << item.key();
}

}  // namespace
}  // namespace belamy
