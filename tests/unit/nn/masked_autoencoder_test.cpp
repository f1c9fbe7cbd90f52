// The masks of MADE: what depends on what; that the factors make a distribution; the walk against whole passes.
#include "nn/masked_autoencoder.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "numbers.h"
#include "objectives/likelihood.h"

namespace belamy::nn {
namespace {

using Shape = MaskedAutoencoder::Shape;

std::shared_ptr<MaskedAutoencoder> random_network(const Shape& shape) {
  const auto network = std::make_shared<MaskedAutoencoder>(shape, seeded(1));
  const torch::NoGradGuard no_grad;
  auto generator = seeded(2);
  for (auto& p : network->parameters()) p.copy_(0.5 * torch::randn(p.sizes(), generator));
  return network;
}

const std::vector<Shape> kShapes = {
    {.values = 6, .hidden = {40}, .masks = 3, .shuffled = false, .direct = false},
    {.values = 6, .hidden = {40, 30}, .masks = 2, .shuffled = true, .direct = false},
    {.values = 6, .hidden = {50}, .masks = 2, .shuffled = true, .direct = true},
    {.values = 6, .hidden = {}, .masks = 1, .shuffled = false, .direct = false},
};

class MaskedAutoencoderTest : public testing::TestWithParam<Shape> {};

TEST_P(MaskedAutoencoderTest, AnOutputDependsOnAllValuesBeforeItAndNoOther) {
  const auto network = random_network(GetParam());
  for (std::int64_t set = 0; set < GetParam().masks; ++set) {
    const auto places = network->places(set);
    auto jacobian = torch::zeros({6, 6});
    const auto x = torch::rand({32, 6}, seeded(3)).requires_grad_();
    const auto y = network->forward(x, set);
    for (std::int64_t d = 0; d < 6; ++d) {
      jacobian[d] = torch::autograd::grad({y.select(1, d).sum()}, {x}, {}, true)[0].abs().sum(0);
    }
    for (std::int64_t d = 0; d < 6; ++d) {
      for (std::int64_t j = 0; j < 6; ++j) {
        const bool is_before = places[j].item<std::int64_t>() < places[d].item<std::int64_t>();
        EXPECT_EQ(jacobian[d][j].item<float>() != 0, is_before) << "set " << set << ": " << d << ", " << j;
      }
    }
  }
}

TEST_P(MaskedAutoencoderTest, TheProbabilitiesOfAllImagesSumToOne) {
  const torch::NoGradGuard no_grad;
  const auto network = random_network(GetParam());
  const auto all = torch::arange(64).unsqueeze(1).bitwise_right_shift(torch::arange(6)).bitwise_and(1);
  const auto x = all.to(torch::kFloat);
  for (std::int64_t set = 0; set < GetParam().masks; ++set) {
    const auto total =
        objectives::bernoulli_log_likelihood(x, network->forward(x, set)).to(torch::kDouble).exp().sum();
    EXPECT_NEAR(total.item<double>(), 1, 1e-5);  // single precision
  }
}

TEST_P(MaskedAutoencoderTest, TheWalkGivesWhatAWholePassGives) {
  const torch::NoGradGuard no_grad;
  const auto network = random_network(GetParam());
  const auto x = (torch::rand({20, 6}, seeded(5)) < 0.5).to(torch::kFloat);
  for (std::int64_t set = 0; set < GetParam().masks; ++set) {
    const auto whole = network->forward(x, set);
    MaskedAutoencoder::Walk walk(*network, 20, set);
    for (std::int64_t place = 0; place < 6; ++place) {
      const auto d = walk.value(place);
      EXPECT_EQ(network->places(set)[d].item<std::int64_t>(), place);
      EXPECT_LT((walk.at(place) - whole.select(1, d)).abs().max().item<double>(), 1e-5);
      walk.put(place, x.select(1, d));
    }
    EXPECT_TRUE(torch::equal(walk.values(), x));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, MaskedAutoencoderTest, testing::ValuesIn(kShapes));

TEST(MaskedAutoencoder, SetsOfMasksDiffer) {
  const torch::NoGradGuard no_grad;
  const auto network = random_network({.values = 12, .hidden = {8}, .masks = 2});
  const auto x = torch::rand({4, 12}, seeded(3));
  const auto first = network->forward(x, 0);
  EXPECT_FALSE(torch::equal(first, network->forward(x, 1)));
  EXPECT_TRUE(torch::equal(first, network->forward(x, 0)));
}

TEST(MaskedAutoencoder, OtherDegreesMakeOtherMasks) {
  const torch::NoGradGuard no_grad;
  const auto network = random_network({.values = 12, .hidden = {8}});
  const auto x = torch::rand({4, 12}, seeded(3));
  const auto before = network->forward(x);
  auto degrees = network->named_buffers()["degrees-1"];
  degrees.copy_(degrees.flip(1));
  EXPECT_FALSE(torch::equal(before, network->forward(x)));
}

TEST(MaskedAutoencoder, OneValueHasNoInputs) {
  const torch::NoGradGuard no_grad;
  const auto network = random_network({.values = 1, .hidden = {4}});
  EXPECT_TRUE(torch::equal(network->forward(torch::zeros({1, 1})), network->forward(torch::ones({1, 1}))));
}

}  // namespace
}  // namespace belamy::nn
