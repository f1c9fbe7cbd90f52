#include "metrics/gradient_histogram.h"

#include <cmath>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "numbers.h"

namespace belamy {
namespace {

TEST(GradientHistogram, IgnoresBrightnessContrastAndSign) {
  const auto images = torch::rand({5, 1, 16, 24}, seeded(1)) + 0.1;
  const auto plain = gradient_histograms(images);
  EXPECT_EQ(plain.sizes().vec(), (std::vector<std::int64_t>{5, 9 * 3 * 5}));
  EXPECT_LT((plain.norm(2, 1) - 1).abs().max().item<double>(), 1e-4);
  EXPECT_LT(difference(gradient_histograms(0.3 * images + 0.2), plain), 2e-3);
  EXPECT_LT(difference(gradient_histograms(1 - images), plain), 1e-4);
}

TEST(GradientHistogram, TellsDirections) {
  // A ramp along x, one along y, and one between: all strength in one direction, or in the two next to it.
  const auto x = torch::arange(16).to(torch::kFloat).view({1, 1, 1, 16}).expand({1, 1, 16, 16});
  const auto histogram = [&](const Tensor& ramp) {
    const auto inner =
        ramp.slice(2, 4, 12).slice(3, 4, 12);  // one cell; its border gradients are halved alike
    return gradient_histograms(inner).view({9});
  };
  EXPECT_NEAR(histogram(x)[0].item<double>(), 1, 1e-4);
  const auto down = histogram(x.transpose(2, 3));  // 90 degrees: between the directions 4 and 5 of nine
  EXPECT_NEAR(down[4].item<double>(), std::sqrt(0.5), 1e-3);
  EXPECT_NEAR(down[5].item<double>(), std::sqrt(0.5), 1e-3);
}

TEST(Recall, CountsThoseAmongTheFirst) {
  const auto gallery = torch::eye(4);
  auto queries = torch::eye(4);
  queries[3] = torch::tensor({0.9f, 0.8f, 0.0f, 0.7f});  // its own comes third
  EXPECT_EQ(recall_at(1, queries, gallery), 0.75);
  EXPECT_EQ(recall_at(2, queries, gallery), 0.75);
  EXPECT_EQ(recall_at(3, queries, gallery), 1);
}

}  // namespace
}  // namespace belamy
