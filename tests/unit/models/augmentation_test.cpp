#include "models/shared/augmentation.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "small_data.h"

namespace belamy {
namespace {

using models::Augmentation;

// A session as the source of random numbers.
struct Source {
  std::unique_ptr<Recipe> recipe = recipe_of("gan", find_model("gan").tiny);
  Session session{*recipe, small_images(16), kCpu};
};

double probability(const Augmentation& augmentation) {
  return augmentation.named_buffers()["probability"].item<double>();
}

TEST(Augmentation, WithProbabilityZeroNothingChanges) {
  Source source;
  const auto images = torch::rand({4, 3, 9, 12}, seeded(1)) * 2 - 1;
  EXPECT_LT(difference(Augmentation(0, 0.6, 100).apply(images, source.session), images), 1e-5);
}

TEST(Augmentation, TheProbabilityIsThatOfEachChange) {
  Source source;
  const auto images = torch::rand({400, 1, 8, 8}, seeded(1)) * 2 - 1;
  const auto changed = [&](double p) {
    const auto moved =
        (Augmentation(p, 0.6, 100).apply(images, source.session) - images).abs().flatten(1).amax(1);
    return (moved > 1e-4).to(torch::kFloat).mean().item<double>();
  };
  EXPECT_EQ(changed(1), 1);
  // Six changes of gray images, of which mirroring does nothing half of the time.
  EXPECT_NEAR(changed(0.1), 1 - std::pow(0.9, 5) * 0.95, 0.1);
}

TEST(Augmentation, GradientsReachTheImages) {
  Source source;
  const auto images = (torch::rand({4, 3, 8, 8}, seeded(1)) * 2 - 1).requires_grad_();
  const auto made = Augmentation(1, 0.6, 100).apply(images, source.session);
  const auto gradient = torch::autograd::grad({made.square().sum()}, {images})[0];
  EXPECT_TRUE(torch::isfinite(gradient).all().item<bool>());
  EXPECT_GT(gradient.abs().flatten(1).sum(1).min().item<double>(), 0);
}

TEST(Augmentation, TheProbabilityFollowsTheDiscriminator) {
  Source source;
  Augmentation augmentation(0, 0.5, /*images=*/80);
  const auto sure = torch::full({8}, 3.0f),
             unsure = torch::tensor({1.f, 1.f, -1.f, -1.f, 1.f, 1.f, -1.f, -1.f});
  augmentation.adapt(unsure, source.session);
  EXPECT_EQ(probability(augmentation), 0);
  for (int i = 0; i < 3; ++i) augmentation.adapt(sure, source.session);
  EXPECT_NEAR(probability(augmentation), 0.3, 1e-6) << "8 of 80 examples each";
  augmentation.adapt(unsure, source.session);
  EXPECT_NEAR(probability(augmentation), 0.2, 1e-6);
  for (int i = 0; i < 30; ++i) augmentation.adapt(sure, source.session);
  EXPECT_EQ(probability(augmentation), 1);
}

}  // namespace
}  // namespace belamy
