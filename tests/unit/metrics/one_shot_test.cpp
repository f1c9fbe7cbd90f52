// One-shot accuracy, recall, cosines of pixels and the modified Hausdorff distance.
#include "metrics/one_shot.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "data/one_shot_trials.h"
#include "tensors/dataset_tensors.h"

namespace belamy {
namespace {

using torch::Tensor;

TEST(OneShotAccuracy, HasTheErrorOfItsEpisodes) {
  const auto right = torch::tensor({1, 1, 1, 0}, torch::kBool),
             wrong = torch::tensor({0, 0, 0, 1}, torch::kBool);
  const auto found = one_shot_accuracy({right, wrong, right, wrong});
  EXPECT_EQ(found.right, 8);
  EXPECT_EQ(found.trials, 16);
  EXPECT_DOUBLE_EQ(found.accuracy, 0.5);
  // Shares 3/4, 1/4, 3/4, 1/4: variance 1/12 over 4 episodes.
  EXPECT_NEAR(found.standard_error, std::sqrt(1.0 / 12 / 4), 1e-12);
  EXPECT_NEAR(one_shot_accuracy({right}).standard_error, std::sqrt(0.75 * 0.25 / 4), 1e-12);
  EXPECT_THROW(one_shot_accuracy({}), Error);
}

TEST(OneShotAccuracy, TakesTheMostAlike) {
  const auto similarity = torch::tensor({{0.1, 0.9, 0.9}, {-1.0, -3.0, -2.0}}, torch::kDouble);
  const auto classes = torch::tensor({7, 8, 9}, torch::kLong);
  const auto of = [&](std::int64_t first, std::int64_t second) {
    return most_alike_is_right(similarity, torch::tensor({first, second}), classes);
  };
  EXPECT_TRUE(of(8, 7).equal(torch::tensor({1, 1}, torch::kBool)));
  EXPECT_TRUE(of(9, 8).equal(torch::tensor({0, 0}, torch::kBool)));
}

TEST(Recall, CountsQueriesWithARightItemAmongTheFirst) {
  const auto similarity =
      torch::tensor({{0.9, 0.8, 0.7, 0.6}, {0.1, 0.2, 0.3, 0.4}, {0.5, 0.4, 0.9, 0.1}}, torch::kDouble);
  const auto labels = torch::tensor({1, 2, 3, 1}, torch::kLong),
             wanted = torch::tensor({2, 1, 9}, torch::kLong);
  // The first finds its 2 at rank 2, the second its 1 at once, the third never.
  const auto recalls = recall_at({1, 2, 10}, similarity, wanted, labels);
  EXPECT_THAT(recalls, testing::ElementsAre(1.0 / 3, 2.0 / 3, 2.0 / 3));
  EXPECT_THROW(recall_at({0}, similarity, wanted, labels), Error);
  EXPECT_THROW(recall_at({1}, similarity, labels, labels), Error);
}

TEST(PixelCosines, AreOfTheInkOnEitherGround) {
  // Ink 3, 4 against ink 4, 3 and 6, 8.
  const auto a = torch::tensor({3, 4}, torch::kByte).view({1, 1, 1, 2});
  const auto b = torch::tensor({4, 3, 6, 8}, torch::kByte).view({2, 1, 1, 2});
  const auto expected = torch::tensor({{0.96, 1.0}}, torch::kDouble);
  EXPECT_TRUE(pixel_cosines(a, b).allclose(expected, 0, 1e-12)) << "on black";
  EXPECT_TRUE(pixel_cosines(255 - a, 255 - b).allclose(expected, 0, 1e-12)) << "on white";
}

// Dark points on a light ground.
Tensor drawn(const std::vector<std::pair<int, int>>& points) {
  auto image = torch::full({1, 20, 20}, 255, torch::kByte);
  for (const auto& [row, column] : points) image[0][row][column] = 0;
  return image;
}

TEST(ModifiedHausdorff, IsTheGreaterMeanOfNearestDistances) {
  // About their means: {-1, 0, 1} and {-2, 2} along a row. From the first: 1, 2, 1; from the second: 1, 1.
  const auto a = drawn({{5, 4}, {5, 5}, {5, 6}}), b = drawn({{9, 10}, {9, 14}});
  EXPECT_NEAR(modified_hausdorff(a, b).item<double>(), 4.0 / 3, 1e-12);
  EXPECT_NEAR(modified_hausdorff(b, a).item<double>(), 4.0 / 3, 1e-12);
  EXPECT_NEAR(modified_hausdorff(a, drawn({{0, 0}, {0, 1}, {0, 2}})).item<double>(), 0, 1e-12)
      << "moved only";
  EXPECT_THROW(modified_hausdorff(a, drawn({})), Error);
}

// The two published baselines, to the trial.
TEST(OfficialTrials, GiveThePublishedBaselines) {
  const char* data = std::getenv("BELAMY_DATA");
  const auto archive = std::filesystem::path(data ? data : "") / "omniglot/all_runs.zip";
  if (!data || !std::filesystem::exists(archive))
    GTEST_SKIP() << "set BELAMY_DATA to the folder that holds omniglot";
  const auto trials = read_trials(archive, {});
  ASSERT_EQ(trials.episodes.size(), 20U);
  ASSERT_EQ(trials.count(), 400);
  const auto images = data_tensor(trials.data);
  std::vector<Tensor> by_pixels, by_ink;
  for (const auto& episode : trials.episodes) {
    const auto queries = images.index_select(0, torch::tensor(episode.queries)),
               known = images.index_select(0, torch::tensor(episode.support));
    const auto wanted = torch::tensor(episode.query_classes),
               classes = torch::tensor(episode.support_classes);
    by_pixels.push_back(most_alike_is_right(pixel_cosines(queries, known), wanted, classes));
    by_ink.push_back(
        most_alike_is_right(-modified_hausdorff(queries.squeeze(1), known.squeeze(1)), wanted, classes));
  }
  EXPECT_EQ(one_shot_accuracy(by_pixels).right, 87);  // 21.75 %
  EXPECT_EQ(one_shot_accuracy(by_ink).right, 245);    // 38.75 % wrong
}

}  // namespace
}  // namespace belamy
