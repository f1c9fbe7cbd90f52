#include "nn/style.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "numbers.h"

namespace belamy::nn {
namespace {

// The definition: a convolution with weights of its own for each image, as one convolution of groups.
Tensor grouped(const Tensor& x, const Tensor& weight, const Tensor& style, bool demodulate) {
  const auto n = x.size(0), o = weight.size(0), i = weight.size(1);
  auto weights = weight.unsqueeze(0) * style.view({n, 1, i, 1, 1});
  if (demodulate) weights = weights * (weights.square().sum({2, 3, 4}, true) + 1e-8).rsqrt();
  const auto joined = x.reshape({1, n * i, x.size(2), x.size(3)});
  const auto y = at::conv2d(joined, weights.reshape({n * o, i, weight.size(2), weight.size(3)}), {}, 1,
                            weight.size(2) / 2, 1, n);
  return y.view({n, o, x.size(2), x.size(3)});
}

TEST(ModulatedConvolution, IsTheConvolutionWithModulatedWeights) {
  const auto x = torch::randn({5, 6, 7, 7}, seeded(1)), style = torch::randn({5, 6}, seeded(2)) + 1;
  const auto weight = torch::randn({4, 6, 3, 3}, seeded(3));
  for (const bool demodulate : {false, true}) {
    EXPECT_LE(difference(modulated_convolution(x, weight, style, demodulate),
                         grouped(x, weight, style, demodulate)),
              1e-5);
  }
}

TEST(ModulatedConvolution, GivesUnitDeviationForUnitVariance) {
  const auto x = torch::randn({8, 16, 64, 64}, seeded(4)), style = 3 * torch::rand({8, 16}, seeded(5)) + 0.1;
  const auto y = modulated_convolution(x, torch::randn({12, 16, 3, 3}, seeded(6)), style, true);
  const auto inner = y.slice(2, 1, 63).slice(3, 1, 63);  // the border sees zeros
  EXPECT_LE(difference(inner.std({0, 2, 3}, true), torch::ones({12})), 0.05);
}

TEST(Mapping, DoesNotDependOnTheLengthOfALatent) {
  Mapping mapping(8, 6, 3, 0.01);
  mapping.initialise(seeded(7));
  const auto z = torch::randn({4, 8}, seeded(8));
  EXPECT_EQ(mapping.forward(z).sizes(), (std::vector<std::int64_t>{4, 6}));
  EXPECT_LE(difference(mapping.forward(z), mapping.forward(5 * z)), 1e-5);
}

TEST(Mapping, HasOutputsOfOneSizeAtAnyRate) {
  const auto z = torch::randn({2000, 64}, seeded(9));
  Mapping slow(64, 64, 2, 0.01), plain(64, 64, 2, 1);
  slow.initialise(seeded(10));
  plain.initialise(seeded(10));
  EXPECT_LE(difference(slow.forward(z), plain.forward(z)), 1e-4);
  EXPECT_NEAR(plain.forward(z).square().mean().item<double>(), 1, 0.4);
}

class Synthesis : public testing::TestWithParam<Styling> {
 protected:
  Synthesis() { synthesis_.initialise(seeded(11)); }
  Tensor styles(std::uint64_t seed) const { return torch::randn({3, synthesis_.styles(), 5}, seeded(seed)); }

  const torch::NoGradGuard no_grad_;
  StyleSynthesis synthesis_{5, {8, 8, 6}, 3, GetParam()};
};

TEST_P(Synthesis, MakesImagesThatItsStylesDecide) {
  EXPECT_EQ(synthesis_.styles(), 6);
  const auto ws = styles(12), images = synthesis_.forward(ws, {});
  EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{3, 3, 16, 16}));
  EXPECT_TRUE(synthesis_.forward(ws, {}).equal(images));
  for (std::int64_t layer = 0; layer < synthesis_.styles(); ++layer) {
    auto other = ws.clone();
    other.select(1, layer).add_(1);
    EXPECT_GT(difference(synthesis_.forward(other, {}), images), 1e-3) << layer;
  }
}

TEST_P(Synthesis, StartsWithoutNoise) {
  const auto ws = styles(15);
  const auto drawn = [&](std::uint64_t seed) {
    return synthesis_.forward(ws, {StyleNoise::Kind::drawn, seeded(seed)});
  };
  const auto fixed = [&] { return synthesis_.forward(ws, {}); };
  const auto off = [&] { return synthesis_.forward(ws, {StyleNoise::Kind::off}); };
  EXPECT_EQ(difference(drawn(13), drawn(14)), 0);  // its strength is zero
  EXPECT_EQ(difference(fixed(), off()), 0);
  for (auto& item : synthesis_.named_parameters()) {
    if (item.key().ends_with("strength")) item.value().fill_(1);
  }
  EXPECT_GT(difference(drawn(13), drawn(14)), 1e-3);
  EXPECT_EQ(difference(fixed(), fixed()), 0);
  EXPECT_GT(difference(fixed(), off()), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Both, Synthesis, testing::Values(Styling::modulation, Styling::adain));

TEST(ResidualDiscriminator, GivesFeatures) {
  ResidualDiscriminator discriminator({8, 8, 6}, 3, /*deviation=*/true);
  const auto features = discriminator.forward(torch::randn({8, 3, 16, 16}, seeded(16)));
  EXPECT_EQ(features.sizes(), (std::vector<std::int64_t>{8, 8}));
}

}  // namespace
}  // namespace belamy::nn
