#include "metrics/feature_distance.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/env.h"
#include "metrics/image_quality.h"
#include "numbers.h"
#include "trained_networks.h"
#include "unit/data/samples.h"

namespace belamy {
namespace {

TEST(FeatureDistance, GrowsWithTheDifference) {
  const TestFolder folder;
  const auto file = folder / "vgg.safetensors";
  write_atomically(Env::real(), file, TrainedFile(NetworkKind::vgg16_conv, true).bytes());
  const FeatureDistance distance(file.string(), torch::kCPU);
  EXPECT_EQ(distance.sha256().size(), 64u);

  const auto a = torch::rand({3, 1, 16, 20}, seeded(1)) * 2 - 1,
             noise = torch::randn({3, 1, 16, 20}, seeded(2));
  EXPECT_LT(distance(a, a).abs().max().item<double>(), 1e-6);
  const auto little = distance(a, a + 0.05 * noise), much = distance(a, a + 0.3 * noise);
  EXPECT_EQ(little.sizes().vec(), std::vector<std::int64_t>{3});
  EXPECT_TRUE((little > 0).all().item<bool>());
  EXPECT_TRUE((much > little).all().item<bool>());
  EXPECT_LT(difference(distance(a, a + noise), distance(a + noise, a)), 1e-5) << "symmetric";
}

TEST(Luma, IsThatOfVideo) {
  const auto images = torch::tensor({0.0f, 1.0f, 1.0f}).view({3, 1, 1, 1}).repeat({1, 3, 1, 1});
  const auto y = luma(images) * 255;
  EXPECT_NEAR(y[0].item<double>(), 16, 1e-3);
  EXPECT_NEAR(y[1].item<double>(), 235, 1e-2);
  const auto green = torch::tensor({0.0f, 1.0f, 0.0f}).view({1, 3, 1, 1});
  EXPECT_NEAR((luma(green) * 255).item<double>(), 144.553, 1e-3);
  EXPECT_EQ(luma(torch::full({1, 1, 1, 1}, 0.3)).item<float>(), 0.3f);
}

}  // namespace
}  // namespace belamy
