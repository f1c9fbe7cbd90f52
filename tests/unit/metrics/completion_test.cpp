#include "metrics/completion.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "nn/holes.h"
#include "numbers.h"

namespace belamy {
namespace {

TEST(Completion, AHarmonicFillingContinuesAPlane) {
  const auto rows = torch::linspace(0, 1, 24).view({1, 1, 24, 1}), columns = torch::linspace(1, 0, 16);
  const auto plane = (rows * 0.7 + columns * 0.3).expand({2, 3, 24, 16}).contiguous();
  const auto known = nn::centre_known(24, 16);
  const auto spoilt = at::where(known > 0, plane, torch::full_like(plane, 9));
  EXPECT_LT(difference(harmonic_fill(spoilt, known), plane), 1e-3);
}

TEST(Completion, AMaskForEachImage) {
  const auto images = torch::rand({6, 1, 12, 12}, seeded(1));
  const auto known = nn::boxes_known(6, 12, 12, seeded(2));
  const auto filled = harmonic_fill(images, known);
  EXPECT_EQ(difference(filled * known, images * known), 0);
  for (std::int64_t i = 0; i < 6; ++i) {
    const auto alone = harmonic_fill(images.narrow(0, i, 1), known.narrow(0, i, 1));
    EXPECT_LT(difference(alone, filled.narrow(0, i, 1)), 1e-3);
  }
}

TEST(Completion, OnlyTheHoleCounts) {
  auto a = torch::zeros({1, 1, 8, 8}), b = torch::zeros({1, 1, 8, 8});
  b.select(2, 1).fill_(1);  // beside the hole
  const auto known = nn::centre_known(8, 8);
  EXPECT_NEAR(hole_psnr(a, b, known).item<double>(), 100, 1e-3);
  EXPECT_NEAR(hole_psnr(a, a + 0.1, known).item<double>(), 20, 1e-3);
  EXPECT_EQ(gradient_energy(b, known).item<double>(), 0);
  // Columns of 0 and 1 in turns: every step along a row is 1.
  const auto stripes = torch::arange(8).remainder(2).to(torch::kFloat).expand({1, 1, 8, 8});
  EXPECT_NEAR(gradient_energy(stripes, known).item<double>(), 1, 1e-6);
}

}  // namespace
}  // namespace belamy
