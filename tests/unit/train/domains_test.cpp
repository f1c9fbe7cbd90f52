// Batches of two domains and of matches; changes of training images; how near images come to others; style.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "metrics/image_quality.h"
#include "objectives/style.h"
#include "small_data.h"
#include "train/augment.h"
#include "use/stylize.h"

namespace belamy {
namespace {

TEST(DomainBatches, PairsStayTogether) {
  Batches batches(small_pairs(40), {}, 8, 1, kCpu);
  for (std::int64_t k = 0; k < 10; ++k) {
    const auto batch = batches.at(k);
    ASSERT_TRUE(batch.partner.data.defined());
    // B is the negative of A.
    EXPECT_LT((batch.data + batch.partner.data).abs().max().item<float>(), 1e-5);
  }
}

TEST(DomainBatches, TwoDomainsHaveOrdersOfTheirOwn) {
  const auto data = small_domains(40);
  Batches batches(data, {}, 8, 1, kCpu);
  const auto batch = batches.at(0);
  ASSERT_TRUE(batch.partner.data.defined());
  EXPECT_TRUE(batch.labels.defined());
  EXPECT_FALSE(batch.partner.labels.defined()) << "the target's labels are not to be seen";
  EXPECT_FALSE(batch.partner.indices.equal(batch.indices));
  std::set<std::int64_t> seen;
  for (std::int64_t k = 0; k < 12; ++k) {
    const auto other = batches.at(k).partner;
    for (std::int64_t i = 0; i < 8; ++i) seen.insert(other.indices[i].item<std::int64_t>());
  }
  EXPECT_EQ(seen.size(), 47u) << "every example of the second domain comes";
}

TEST(DomainBatches, MatchesKeepTheirRatio) {
  auto data = small_matches(200);
  DataOptions options;
  for (const double different : {1.0, 3.0, 0.5}) {
    options.different = different;
    Batches batches(data, options, 12, 1, kCpu);
    double equal = 0, same_place = 0;
    for (std::int64_t k = 0; k < 50; ++k) {
      const auto batch = batches.at(k);
      equal += (batch.labels == batch.partner.labels).sum().item<double>();
      same_place += (batch.indices == batch.partner.indices).sum().item<double>();
    }
    EXPECT_NEAR(equal / 600, 1 / (1 + different), 0.003) << different;
    EXPECT_EQ(same_place, 0) << "an image beside itself teaches nothing";
  }
}

TEST(DomainBatches, NearMatchesLieInOneFolder) {
  auto data = small_matches(200);
  for (std::size_t k = 0; k < 10; ++k)
    data.class_names[k] = (k < 5 ? "Latin/" : "Greek/") + std::to_string(k);
  DataOptions options;
  options.different = 1000;
  const auto share = [&](double near) {
    options.near = near;
    Batches batches(data, options, 100, 1, kCpu);
    const auto batch = batches.at(0);
    return ((batch.labels < 5) == (batch.partner.labels < 5)).to(torch::kDouble).mean().item<double>();
  };
  EXPECT_EQ(share(1), 1);
  EXPECT_NEAR(share(0), 4.0 / 9, 0.15);
}

TEST(DomainBatches, LabelledAndTwoDomainsExclude) {
  DataOptions options;
  options.labelled = 20;
  EXPECT_THROW(Batches(small_pairs(40), options, 8, 1, kCpu), Error);
}

TEST(AugmentTest, NothingHappensWithoutBeingAsked) {
  EXPECT_FALSE(Augment(DataOptions()).any());
  Random random(1);
  const auto x = torch::rand({3, 2, 8, 8}, seeded(1));
  const auto same = Augment::apply(x, Augment(DataOptions()).draw(3, 8, 8, random));
  EXPECT_LT((same - x).abs().max().item<float>(), 1e-5);
}

TEST(AugmentTest, AFlipMirrors) {
  DataOptions options;
  options.flip = true;
  Random random(1);
  const auto x = torch::rand({64, 1, 6, 6}, seeded(1));
  const auto y = Augment::apply(x, Augment(options).draw(64, 6, 6, random));
  const auto near = [](const Tensor& a, const Tensor& b) { return (a - b).abs().flatten(1).amax(1) < 1e-5; };
  const auto kept = near(x, y), mirrored = near(x.flip(3), y);
  EXPECT_TRUE((kept | mirrored).all().item<bool>());
  EXPECT_NEAR(mirrored.to(torch::kDouble).mean().item<double>(), 0.5, 0.2);
}

TEST(AugmentTest, AShiftMovesByWholePixels) {
  DataOptions options;
  options.shift = 2;
  Random random(1);
  auto x = torch::zeros({200, 1, 9, 9});
  x.select(2, 4).select(2, 4).fill_(1);
  const auto y = Augment::apply(x, Augment(options).draw(200, 9, 9, random));
  EXPECT_LT((y * (1 - y)).abs().max().item<float>(), 1e-4) << "blurred";
  const auto places = y.flatten(1).argmax(1);
  const auto row = places.div(9, "floor") - 4, column = places % 9 - 4;
  EXPECT_EQ(row.min().item<std::int64_t>(), -2);
  EXPECT_EQ(row.max().item<std::int64_t>(), 2);
  EXPECT_EQ(column.min().item<std::int64_t>(), -2);
  EXPECT_EQ(column.max().item<std::int64_t>(), 2);
}

TEST(AugmentTest, BothSidesOfAPairChangeAlikeAndMatchesDoNot) {
  DataOptions options;
  options.affine = true;
  const auto pair = Batches(small_pairs(40), options, 16, 1, kCpu).at(0);
  const auto plain = Batches(small_pairs(40), {}, 16, 1, kCpu).at(0);
  EXPECT_LT((pair.data + pair.partner.data).abs().max().item<float>(), 1e-5);
  EXPECT_GT((pair.data - plain.data).abs().max().item<float>(), 0.1);
  options.different = 0;
  auto data = small_matches(20);
  // All images alike: what differs is the change.
  for (std::size_t i = 0; i < data.pixels.size(); ++i) data.pixels[i] = data.pixels[i % 256];
  const auto match = Batches(data, options, 16, 1, kCpu).at(0);
  EXPECT_GT((match.data - match.partner.data).abs().max().item<float>(), 0.1);
}

TEST(AugmentTest, AStepHasTheSameChangesAgain) {
  DataOptions options;
  options.affine = true;
  Batches a(small_images(40), options, 16, 1, kCpu), b(small_images(40), options, 16, 1, kCpu);
  a.at(0);
  EXPECT_TRUE(same_bits(a.at(7).data, b.at(7).data));
  EXPECT_FALSE(same_bits(a.at(7).data, a.at(8).data));
}

TEST(ImageQuality, OfEqualAndOfKnownImages) {
  const auto x = torch::rand({2, 3, 16, 16}, seeded(1));
  EXPECT_EQ(mean_absolute_error(x, x).max().item<float>(), 0);
  EXPECT_FLOAT_EQ(peak_signal_to_noise(x, x).min().item<float>(), 100);
  EXPECT_NEAR(structural_similarity(x, x).min().item<float>(), 1, 1e-5);
  const auto zero = torch::zeros({1, 1, 16, 16}), tenth = torch::full({1, 1, 16, 16}, 0.1f);
  EXPECT_NEAR(mean_absolute_error(zero, tenth).item<float>(), 0.1, 1e-6);
  EXPECT_NEAR(peak_signal_to_noise(zero, tenth).item<float>(), 20, 1e-4);
  // Flat images: only the term of the means counts, (2ab + C1) / (a^2 + b^2 + C1).
  const auto half = torch::full({1, 1, 16, 16}, 0.5f), most = torch::full({1, 1, 16, 16}, 0.8f);
  EXPECT_NEAR(structural_similarity(half, most).item<float>(), (0.8 + 1e-4) / (0.25 + 0.64 + 1e-4), 1e-5);
}

TEST(Style, GramMatricesForgetPlaces) {
  const auto x = torch::rand({1, 3, 4, 4}, seeded(1));
  const auto moved = x.flatten(2).index_select(2, torch::randperm(16, seeded(2))).view({1, 3, 4, 4});
  EXPECT_LT((objectives::gram(x) - objectives::gram(moved)).abs().max().item<float>(), 1e-6);
  EXPECT_NEAR(objectives::gram(x)[0][1][2].item<float>(),
              (x.select(1, 1) * x.select(1, 2)).mean().item<float>(), 1e-6);
  EXPECT_EQ(objectives::relative_distance(x, x).item<float>(), 0);
  EXPECT_NEAR(objectives::relative_distance(torch::zeros_like(x), x).item<float>(), 1, 1e-6);
}

// Two blurs of the image.
struct Pyramid : Featurizer {
  std::vector<Tensor> features(const Tensor& x) override {
    return {torch::cat({x, x.roll(1, 3)}, 1), at::avg_pool2d(x, 2), at::avg_pool2d(x, 4)};
  }
};

TEST(Style, TheStyleComesAndTheContentStays) {
  Pyramid pyramid;
  const auto content = torch::rand({1, 1, 16, 16}, seeded(1)) - 0.5;
  const auto style = (torch::arange(16) % 2).to(torch::kFloat).mul(2).sub(1).expand({1, 1, 16, 16});
  const auto distance = [&](const Tensor& x) {
    return objectives::relative_distance(objectives::gram(pyramid.features(x)[0]),
                                         objectives::gram(pyramid.features(style)[0]))
        .item<double>();
  };
  const torch::NoGradGuard no_grad;
  // Stripes of one pixel are what smoothness is against.
  const auto made = stylize(pyramid, content, style, {.smoothness = 0.01, .steps = 200}, {});
  EXPECT_LT(distance(made), 0.3 * distance(content));
  const auto kept = stylize(pyramid, content, style, {.style_weight = 0, .smoothness = 0, .steps = 20}, {});
  EXPECT_LT((kept - content).abs().max().item<float>(), 1e-3);
}

TEST(ImageQuality, DifferentShapesAreRefused) {
  EXPECT_THROW(mean_absolute_error(torch::zeros({1, 1, 4, 4}), torch::zeros({1, 3, 4, 4})), Error);
}

}  // namespace
}  // namespace belamy
