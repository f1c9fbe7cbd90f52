// Distances in pixels: nearest training images, the memorisation check, diversity.
#include <ATen/CPUGeneratorImpl.h>
#include <cmath>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "metrics/diversity.h"
#include "metrics/nearest.h"

namespace belamy {
namespace {

using torch::Tensor;

Tensor noise(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randint(0, 256, shape, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kByte);
}

Tensor all_distances(const Tensor& a, const Tensor& b) {
  const Tensor x = a.flatten(1).to(torch::kDouble) / 255;
  const Tensor y = b.flatten(1).to(torch::kDouble) / 255;
  return (x.unsqueeze(1) - y.unsqueeze(0)).pow(2).sum(2).sqrt();  // [N, M]
}

TEST(Nearest, MatchesAllPairs) {
  const Tensor images = noise({30, 1, 6, 5}, 1);
  const Tensor train = noise({70, 1, 6, 5}, 2);
  const auto [distances, indices] = all_distances(images, train).min(1);
  const Nearest nearest = nearest_neighbours(images, train);
  EXPECT_TRUE(nearest.indices.equal(indices));
  EXPECT_TRUE(nearest.distances.to(torch::kDouble).allclose(distances, 1e-5, 1e-6));
}

TEST(Nearest, FindsCopiesInEveryBlockAtDistanceZero) {
  // 2,100 images of 4,096 values are two blocks of training images; 1,001 queries are two blocks of queries.
  const Tensor train = noise({2100, 1, 64, 64}, 3);
  const Tensor rows = torch::arange(1001, torch::kLong) * 2 + 50;
  const Nearest nearest = nearest_neighbours(train.index_select(0, rows), train);
  EXPECT_TRUE(nearest.indices.equal(rows));
  EXPECT_EQ(nearest.distances.max().item<float>(), 0);
}

TEST(Nearest, BytesCountAsZeroToOneAndFloatsAsTheyAre) {
  const Tensor black = torch::zeros({1, 1, 2, 2}, torch::kByte);
  const Tensor white = torch::full({1, 1, 2, 2}, 255, torch::kByte);
  EXPECT_FLOAT_EQ(nearest_neighbours(black, white).distances.item<float>(), 2);
  EXPECT_FLOAT_EQ(
      nearest_neighbours(black.to(torch::kFloat), white.to(torch::kFloat)).distances.item<float>(), 510);
}

TEST(Nearest, RefusesWhatCannotBeCompared) {
  const Tensor images = noise({4, 1, 3, 3}, 4);
  EXPECT_THROW(nearest_neighbours(images, noise({4, 1, 3, 4}, 5)), Error);
  EXPECT_THROW(nearest_neighbours(images, images.to(torch::kFloat)), Error);
  EXPECT_THROW(nearest_neighbours(images, images.narrow(0, 0, 0)), Error);
  EXPECT_THROW(nearest_neighbours(images.narrow(0, 0, 0), images), Error);
}

TEST(Memorisation, FreshImagesLookLikeTheTestSet) {
  // Seeds 6 to 8, all from one distribution. Of 1,000 samples a share of 0.01 is expected; its deviation is
  // 0.003 from the samples and as much from the percentile itself, so 0.02 is twice the deviation of both
  // above the expectation.
  const MemorisationReport report =
      check_memorisation(noise({1000, 1, 4, 4}, 6), noise({500, 1, 4, 4}, 7), noise({1000, 1, 4, 4}, 8));
  EXPECT_NEAR(report.median_ratio, 1, 0.03);
  EXPECT_LT(report.share_nearer, 0.02);
  EXPECT_EQ(report.samples.indices.size(0), 1000);
  EXPECT_NEAR(report.median_ratio, report.median_samples / report.median_test, 1e-12);
}

TEST(Memorisation, CopiesStandOut) {
  const Tensor train = noise({300, 1, 4, 4}, 9);
  const Tensor fresh = noise({100, 1, 4, 4}, 10);
  const MemorisationReport copies = check_memorisation(train.narrow(0, 0, 100), train, fresh);
  EXPECT_EQ(copies.median_ratio, 0);
  EXPECT_EQ(copies.share_nearer, 1);
  // A quarter of copies among fresh images leaves the median almost alone; the share shows them.
  const Tensor mixed = torch::cat({train.narrow(0, 0, 25), fresh.narrow(0, 0, 75)});
  const MemorisationReport some = check_memorisation(mixed, train, fresh);
  EXPECT_GT(some.median_ratio, 0.8);
  EXPECT_NEAR(some.share_nearer, 0.25, 0.02);
}

TEST(Memorisation, ATestSetInsideTheTrainingSetGivesNoNaN) {
  const Tensor train = noise({20, 1, 4, 4}, 11);
  EXPECT_EQ(check_memorisation(train, train, train).median_ratio, 1);
  EXPECT_EQ(check_memorisation(train, train, train).share_nearer, 0);
}

TEST(Diversity, IsTheMeanOverAllPairs) {
  // A right triangle: sides 3, 4, 5.
  const Tensor triangle = torch::tensor({{0.F, 0.F}, {3.F, 0.F}, {0.F, 4.F}});
  EXPECT_NEAR(mean_pairwise_distance(triangle).item<double>(), 4, 1e-6);
  const Tensor images = noise({20, 3, 5, 5}, 12);
  const double expected = all_distances(images, images).sum().item<double>() / (20 * 19);
  EXPECT_NEAR(mean_pairwise_distance(images.to(torch::kFloat) / 255).item<double>(), expected,
              1e-5 * expected);
}

TEST(Diversity, CollapseShowsAsARatioNearZero) {
  const Tensor data = noise({64, 1, 8, 8}, 13).to(torch::kFloat) / 127.5 - 1;
  EXPECT_EQ(mean_pairwise_distance(data).dim(), 0);
  EXPECT_NEAR(diversity_ratio(data, data).item<double>(), 1, 1e-6);
  EXPECT_NEAR(diversity_ratio(data * 0.25, data).item<double>(), 0.25, 1e-5);
  const Tensor one_image = data.narrow(0, 0, 1).expand({64, 1, 8, 8});
  EXPECT_LT(diversity_ratio(one_image, data).item<double>(), 1e-5);
  // Images all but equal, far from 0: without centring the rounding would be taken for diversity.
  const Tensor nearly = one_image + 50 + 1e-4 * data;
  EXPECT_LT(diversity_ratio(nearly, data).item<double>(), 2e-4);
}

TEST(Diversity, WithinGroupsThatDifferFromOneAnother) {
  const Tensor x = torch::tensor({1.0, 1.0, 5.0, 7.0}).view({4, 1}).expand({4, 3});  // two groups of two
  EXPECT_TRUE(variance_within(x.contiguous(), 2).equal(torch::tensor({0.0, 2.0})));
}

TEST(Diversity, ConstantDataIsMatchedByAnything) {
  const Tensor constant = torch::zeros({8, 1, 4, 4});
  EXPECT_EQ(diversity_ratio(constant, constant).item<double>(), 1);
  EXPECT_THROW(mean_pairwise_distance(torch::zeros({1, 4})), Error);
}

}  // namespace
}  // namespace belamy
