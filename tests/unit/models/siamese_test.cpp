// The losses of siamese networks against their closed forms, and what a small one learns.
#include <gmock/gmock.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "metrics/one_shot.h"
#include "objectives/similarity.h"
#include "small_data.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/batches.h"
#include "train/check.h"

namespace belamy {
namespace {

TEST(Contrastive, PullsOneClassTogetherAndTwoApartUpToTheMargin) {
  const auto distances = torch::tensor({0.5, 0.5, 3.0}, kDouble);
  const auto same = torch::tensor({1, 0, 0}, torch::kBool);
  // L+ = 0.25 / 2; L- = (2 - 0.5)^2 / 2 and 0 beyond the margin.
  EXPECT_NEAR(value(objectives::contrastive(distances, same, 2)), (0.125 + 1.125 + 0) / 3, 1e-12);
}

TEST(Contrastive, HasAFiniteGradientForEqualCodes) {
  const auto a = torch::ones({2, 3}, kDouble).requires_grad_();
  const auto loss = objectives::contrastive(objectives::row_distances(a, torch::ones({2, 3}, kDouble)),
                                            torch::tensor({1, 0}, torch::kBool), 1);
  const auto gradient = torch::autograd::grad({loss}, {a})[0];
  EXPECT_TRUE(torch::isfinite(gradient).all().item<bool>());
}

TEST(PairCrossEntropy, IsThatOfALogit) {
  const auto logits = torch::tensor({2.0, -1.0}, kDouble);
  const auto same = torch::tensor({1, 0}, torch::kBool);
  EXPECT_NEAR(value(objectives::pair_cross_entropy(logits, same)),
              (std::log1p(std::exp(-2.0)) + std::log1p(std::exp(-1.0))) / 2, 1e-12);
}

TEST(Triplet, TakesEverythingOfAnotherClassAsNegative) {
  // Places on a line: the pair (0, 1) of class 7, the pair (1.5, 9) of classes 8 and 7.
  const auto a = torch::tensor({{0.0}, {1.5}}, kDouble), b = torch::tensor({{1.0}, {9.0}}, kDouble);
  const auto a_labels = torch::tensor({7, 8}, torch::kLong), b_labels = torch::tensor({7, 7}, torch::kLong);
  // Anchors 0 and 1, each other's positives at distance 1; the negative is 1.5. With margin 1: 1 - 1.5 + 1
  // and 1 - 0.5 + 1.
  EXPECT_NEAR(value(objectives::triplet(a, b, a_labels, b_labels, 1)), (0.5 + 1.5) / 2, 1e-5);
  // With margin 0.1 the first is solved and no longer counted.
  EXPECT_NEAR(value(objectives::triplet(a, b, a_labels, b_labels, 0.1)), 0.6, 1e-5);
  EXPECT_EQ(value(objectives::triplet(a, b, a_labels + 10, b_labels, 1)), 0) << "no pair of one class";
}

TEST(Triplet, HasTheGradientOfItsDifferences) {
  auto generator = seeded(1);
  const auto a = torch::randn({3, 2}, generator, kDouble).requires_grad_();
  const auto b = torch::randn({3, 2}, generator, kDouble);
  const auto labels = torch::tensor({1, 2, 3}, torch::kLong);
  const auto loss = [&](const Tensor& x) { return objectives::triplet(x, b, labels, labels, 2); };
  const auto gradient = torch::autograd::grad({loss(a)}, {a})[0];
  const torch::NoGradGuard no_grad;
  constexpr double h = 1e-6;
  for (std::int64_t i = 0; i < 6; ++i) {
    auto up = a.detach().clone(), down = up.clone();
    up.view({-1})[i] += h;
    down.view({-1})[i] -= h;
    EXPECT_NEAR(value(loss(up) - loss(down)) / (2 * h), value(gradient.flatten()[i]), 1e-5) << i;
  }
}

// How often the most alike of ten known bars is the right one, before and after a training.
std::pair<double, double> one_shot(const std::vector<std::string>& settings) {
  auto all = settings;
  all.insert(all.end(), {"train.batch=32", "train.steps=1000", "model.width=8", "model.hidden=[64]",
                         "model.code=16", "optimizer.siamese.lr=3e-3"});
  const auto recipe = recipe_of("siamese", all);
  Session session(*recipe, small_matches(200), kCpu);
  const auto data = to_model_range(data_tensor(small_matches(300)).narrow(0, 200, 100));
  const auto classes = torch::arange(10);
  const auto accuracy = [&] {
    const ModelState::Evaluation evaluation(session.state());
    auto& matcher = *session.state().model().matcher();
    std::vector<Tensor> right;
    for (std::int64_t from = 10; from < 100; from += 10) {
      const auto a = data.narrow(0, from, 10).repeat_interleave(10, 0),
                 b = data.narrow(0, 0, 10).repeat({10, 1, 1, 1});
      right.push_back(most_alike_is_right(matcher.similarity(a, b).view({10, 10}), classes, classes));
    }
    return one_shot_accuracy(right).accuracy;
  };
  const auto before = accuracy();
  run_steps(session, 150);
  return {before, accuracy()};
}

TEST(Siamese, LearnsWhatIsAlikeWithEveryLossAndNetwork) {
  for (const char* loss : {"cross-entropy", "contrastive", "triplet"}) {
    for (const char* network : {"convolutional", "fully-connected"}) {
      SCOPED_TRACE(std::string(loss) + ", " + network);
      const auto [before, after] =
          one_shot({std::string("model.loss=") + loss, std::string("model.network=") + network});
      RecordProperty(std::string(loss) + " " + network,
                     std::to_string(before) + " -> " + std::to_string(after));
      EXPECT_GT(after, 0.9);
    }
  }
}

TEST(Siamese, SimilarityIsSymmetricAndGreatestForTheSame) {
  for (const char* loss : {"cross-entropy", "contrastive"}) {
    const auto recipe = recipe_of(
        "siamese", {std::string("model.loss=") + loss, "model.width=4", "model.code=8", "train.batch=16"});
    Session session(*recipe, small_matches(64), kCpu);
    run_steps(session, 30);
    const auto data = session.batches().head(10);
    const ModelState::Evaluation evaluation(session.state());
    auto& matcher = *session.state().model().matcher();
    const auto there = matcher.similarity(data, data.flip(0)), back = matcher.similarity(data.flip(0), data);
    EXPECT_TRUE(there.allclose(back, 1e-5, 1e-6)) << loss;
    if (loss == std::string("contrastive")) {
      EXPECT_EQ(matcher.similarity(data, data).abs().max().item<float>(), 0);
    } else {
      EXPECT_GE(there.min().item<float>(), 0);
      EXPECT_LE(there.max().item<float>(), 1);
    }
  }
}

// The network of Koch et al., layer by layer.
TEST(Siamese, IsThePublishedNetworkAt105Pixels) {
  const auto recipe = recipe_of("siamese", {"model.width=64", "model.code=4096"});
  Dataset data{.name = "grey",
               .count = 4,
               .channels = 1,
               .height = 105,
               .width = 105,
               .labels = {0, 0, 1, 1},
               .class_names = {"a", "b"},
               .matches = true};
  data.pixels.assign(4 * 105 * 105, 100);
  Session session(*recipe, data, kCpu);
  std::vector<std::vector<std::int64_t>> sizes;
  std::int64_t parameters = 0;
  for (const auto& item : session.state().model().named_parameters()) {
    parameters += item.value().numel();
    if (item.value().dim() > 1) sizes.push_back(item.value().sizes().vec());
  }
  using Sizes = std::vector<std::int64_t>;
  EXPECT_THAT(sizes, testing::ElementsAre(Sizes{64, 1, 10, 10}, Sizes{128, 64, 7, 7}, Sizes{128, 128, 4, 4},
                                          Sizes{256, 128, 4, 4}, Sizes{4096, 9216}, Sizes{1, 4096}));
  EXPECT_EQ(parameters, 64 * 101 + 128 * (64 * 49 + 1) + 128 * (128 * 16 + 1) + 256 * (128 * 16 + 1) +
                            4096 * 9217 + 4097);
}

TEST(Siamese, TooLargeImagesAreRefusedInWords) {
  const auto recipe = recipe_of("siamese", {});
  auto shape = shape_of(small_matches(4));
  shape.height = shape.width = shape.others[0].height = shape.others[0].width = 200;
  try {
    check_recipe(*recipe, shape);
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("siamese takes images of at most 128 pixels a side"));
    EXPECT_THAT(error.what(), testing::HasSubstr("are 200x200\n  set data.size=128 or below"));
  }
}

// A single match, whose class has no second example, must not be looked for without end.
TEST(Siamese, BatchesOfDataWithoutMatchesAreRefused) {
  auto data = small_matches(4);
  data.labels = {0, 1, 2, 3};
  EXPECT_THROW(Batches(data, {}, 4, 1, kCpu), Error);
  data.labels = {3, 3, 3, 3};
  EXPECT_THROW(Batches(data, {}, 4, 1, kCpu), Error);
}

}  // namespace
}  // namespace belamy
