#include "nn/growing.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "nn/batch_statistics.h"
#include "nn/init.h"
#include "numbers.h"

namespace belamy::nn {
namespace {

class Growing : public testing::Test {
 protected:
  Growing() {
    initialise(generator_, Init::unit, seeded(1));
    initialise(discriminator_, Init::unit, seeded(2));
  }

  Tensor drawn(std::size_t level, double share) {
    *growth_ = {level, share};
    return generator_.forward(latents_);
  }
  Tensor read(std::size_t level, double share, const Tensor& images) {
    *growth_ = {level, share};
    return discriminator_.forward(images);
  }

  const torch::NoGradGuard no_grad_;
  const std::shared_ptr<Growth> growth_ = std::make_shared<Growth>();
  const std::vector<std::int64_t> channels_ = {12, 10, 6};
  GrowingGenerator generator_{8, channels_, 3, /*normalise=*/true, growth_};
  GrowingDiscriminator discriminator_{channels_, 3, /*deviation=*/true, growth_};
  const Tensor latents_ = torch::randn({8, 8}, seeded(3));
};

TEST_F(Growing, HasTheSideOfItsLevel) {
  for (std::size_t level = 0; level < channels_.size(); ++level) {
    const auto side = side_of_level(level);
    const auto images = drawn(level, 1);
    EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{8, 3, side, side}));
    EXPECT_EQ(read(level, 1, images).sizes(), (std::vector<std::int64_t>{8, 12}));
  }
}

TEST_F(Growing, BeginsAsTheLevelBeforeAndEndsAsItself) {
  for (const std::size_t level : {1, 2}) {
    const auto before = doubled(drawn(level - 1, 1)), newest = drawn(level, 1);
    EXPECT_LE(difference(drawn(level, 0), before), 1e-6);
    EXPECT_LE(difference(drawn(level, 0.25), 0.75 * before + 0.25 * newest), 1e-5);
    EXPECT_GT(difference(before, newest), 0.1);

    const auto images = torch::randn({8, 3, side_of_level(level), side_of_level(level)}, seeded(4));
    EXPECT_LE(difference(read(level, 0, images), read(level - 1, 1, halved(images))), 1e-6);
    EXPECT_GT(difference(read(level, 0, images), read(level, 1, images)), 0.01);
  }
}

TEST_F(Growing, ChangesWithoutAJump) {
  const auto images = torch::randn({8, 3, 16, 16}, seeded(5));
  constexpr double small = 1e-3;
  const double span = difference(drawn(2, 1), drawn(2, 0));
  for (const double share : {0.0, 0.5, 1 - small}) {
    EXPECT_LE(difference(drawn(2, share + small), drawn(2, share)), 1.1 * small * span);
    EXPECT_LE(difference(read(2, share + small, images), read(2, share, images)), 100 * small);
  }
}

TEST_F(Growing, KeepsTheVarianceOfUnitWeights) {
  const Tensor many = torch::randn({64, 8}, seeded(6));
  *growth_ = {2, 1};
  EXPECT_NEAR(generator_.forward(many).square().mean().item<double>(), 1, 0.6);
}

TEST(PixelNorm, GivesUnitLength) {
  const auto x = 7 * torch::randn({4, 16, 5, 5}, seeded(7));
  EXPECT_LE(difference(pixel_norm(x).square().mean(1), torch::ones({4, 5, 5})), 1e-5);
}

TEST(DeviationChannel, IsZeroForEqualImages) {
  const auto x = torch::randn({1, 5, 4, 4}, seeded(8)).expand({8, 5, 4, 4});
  const auto y = append_deviation_channel(x);
  EXPECT_EQ(y.sizes(), (std::vector<std::int64_t>{8, 6, 4, 4}));
  EXPECT_EQ(difference(y.narrow(1, 0, 5), x), 0);
  EXPECT_LE(y.select(1, 5).abs().max().item<double>(), 1.1e-4);  // the root of 1e-8
}

TEST(DeviationChannel, IsThatOfEachGroup) {
  const auto x = torch::randn({8, 5, 4, 4}, seeded(9));
  const auto y = append_deviation_channel(x).select(1, 5);
  // As the authors' code forms them: examples 0, 2, 4, 6 and 1, 3, 5, 7.
  for (const std::int64_t first : {0, 1}) {
    const auto group = x.slice(0, first, 8, 2);
    const double wanted = (group.var(0, /*unbiased=*/false) + 1e-8).sqrt().mean().item<double>();
    EXPECT_LE(difference(y.slice(0, first, 8, 2), torch::full({4, 4, 4}, wanted)), 1e-6);
  }
  // Three examples are a group of three.
  const auto three = append_deviation_channel(x.narrow(0, 0, 3)).select(1, 5);
  EXPECT_EQ(difference(three, three[0].expand({3, 4, 4})), 0);
}

}  // namespace
}  // namespace belamy::nn
