// Pictures of points: where things are drawn, and what a scorer adds.
#include "pictures/point_pictures.h"

#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

namespace belamy {
namespace {

using testing::SizeIs;

Tensor normal_noise(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, at::make_generator<at::CPUGeneratorImpl>(seed), torch::kFloat);
}

/// Minus the score grows to the right.
class Ramp : public Scorer {
 public:
  explicit Ramp(bool log_odds, double slope = 1) : log_odds_(log_odds), slope_(slope) {}
  std::string score_name() const override { return "ramp"; }
  bool is_log_odds() const override { return log_odds_; }
  Tensor score(const Tensor& data) override { return -slope_ * data.select(1, 0); }

 private:
  bool log_odds_;
  double slope_;
};

std::array<int, 3> pixel(const Image& image, int x, int y) {
  const auto* at = &image.pixels[static_cast<std::size_t>((y * image.width + x) * 3)];
  return {at[0], at[1], at[2]};
}

/// Pixels near a colour.
int count(const Image& image, const std::array<int, 3>& colour, int tolerance = 40) {
  int found = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const auto at = pixel(image, x, y);
      int far = 0;
      for (std::size_t c = 0; c < 3; ++c) far = std::max(far, std::abs(at[c] - colour[c]));
      found += far <= tolerance;
    }
  }
  return found;
}

constexpr std::array<int, 3> kArrow = {150, 30, 80}, kCurve = {196, 84, 16}, kSample = {24, 92, 200};

// Nothing is drawn here: between two lines of the lattice, away from numbers and points.
std::array<int, 3> ground(const Image& image, double across, double down) {
  std::array<int, 3> best = {0, 0, 0};
  for (int dy = -6; dy <= 6; ++dy) {
    for (int dx = -6; dx <= 6; ++dx) {
      const auto at = pixel(image, static_cast<int>(across * image.width) + dx,
                            static_cast<int>(down * image.height) + dy);
      if (at[0] + at[1] + at[2] > best[0] + best[1] + best[2]) best = at;
    }
  }
  return best;
}

TEST(PointsPicture, ShadesWhatTheScorerThinks) {
  const Tensor data = normal_noise({500, 2}, 1), samples = normal_noise({500, 2}, 2) * 0.1;
  Ramp odds(true, 3);
  const Image with = points_picture(samples, data, &odds), without = points_picture(samples, data);
  EXPECT_EQ(ground(without, 0.1, 0.1), (std::array<int, 3>{255, 255, 255}));
  const auto left = ground(with, 0.1, 0.1), right = ground(with, 0.9, 0.1);
  EXPECT_GT(left[0], right[0] + 30);  // from orange to green
  EXPECT_GT(left[0], left[2] + 30);
  EXPECT_EQ(count(without, kArrow), 0);
  EXPECT_GT(count(with, kArrow), 100);
}

TEST(PointsPicture, LogOddsOfZeroAreEvenAndOtherScoresFillTheirRange) {
  const Tensor data = normal_noise({500, 2}, 3), samples = data.narrow(0, 0, 50);
  Ramp undecided(true, 1e-4), critic(false, 1e-4);
  const auto spread = [&](Scorer& scorer) {
    const Image image = points_picture(samples, data, &scorer);
    return ground(image, 0.06, 0.06)[0] - ground(image, 0.94, 0.06)[0];
  };
  EXPECT_LT(std::abs(spread(undecided)), 15);
  EXPECT_GT(spread(critic), 30);
}

TEST(PointsPicture, ArrowsNeedNoGradientModeAndSurviveASurfaceWithoutOne) {
  const torch::NoGradGuard no_grad;
  const Tensor data = normal_noise({300, 2}, 4);
  Ramp ramp(true);
  EXPECT_GT(count(points_picture(data, data, &ramp), kArrow), 100);
  struct Flat : Ramp {
    Flat() : Ramp(true) {}
    Tensor score(const Tensor& data) override { return torch::zeros({data.size(0)}); }
  } flat;
  EXPECT_EQ(count(points_picture(data, data, &flat), kArrow), 0);
}

TEST(PointsPicture, TheDataAloneDecidesTheWindow) {
  const Tensor data = torch::tensor({{-1.0f, -0.1f}, {1.0f, 0.1f}});
  // The window is 2.6 wide and high: (0.65, 0.65) is three quarters to the right, a quarter down.
  const Tensor at = torch::tensor({{0.65f, 0.65f}});
  const auto blue_at = [&](const Tensor& samples, int x, int y) {
    const auto found = pixel(points_picture(samples, data), x, y);
    return found[2] > found[0] + 60;
  };
  EXPECT_TRUE(blue_at(at, 384, 128));
  EXPECT_TRUE(blue_at(torch::cat({at, at * 1000}), 384, 128));
  EXPECT_TRUE(blue_at(torch::cat({at, at * 1000}), 509, 2));  // far away: at the border
  EXPECT_FALSE(blue_at(at, 509, 2));
}

TEST(PointsPicture, DrawsWhatIsNotANumberNowhere) {
  const Tensor data = normal_noise({100, 2}, 5);
  const Tensor broken = torch::full({50, 2}, std::nanf(""));
  Ramp ramp(true);
  EXPECT_EQ(count(points_picture(broken, data), kSample), 0);
  points_picture(broken, data, &ramp);
  points_picture(broken, broken, &ramp);
  points_picture(broken.narrow(1, 0, 1), broken.narrow(1, 0, 1), &ramp);
}

TEST(PointsPicture, OfALineHasHistogramsAndTheCurve) {
  const Tensor data = normal_noise({4000, 1}, 6), samples = normal_noise({4000, 1}, 7) * 0.5 + 1;
  Ramp odds(true, 4);
  const Image with = points_picture(samples, data, &odds), without = points_picture(samples, data);
  EXPECT_EQ(with.width, 512);
  EXPECT_EQ(count(without, kCurve, 25), 0);
  // Low on the left, high on the right.
  const auto height_of_curve = [&](int x) {
    for (int y = 0; y < with.height; ++y) {
      const auto at = pixel(with, x, y);
      if (at[0] > at[2] + 120 && at[0] > 150) return y;
    }
    return -1;
  };
  EXPECT_GT(height_of_curve(62), 350);
  EXPECT_LT(height_of_curve(494), 30);
  EXPECT_GT(count(without, kSample, 60), 200);
  // A single point has room around it.
  const Image dirac = points_picture(torch::ones({100, 1}), torch::zeros({100, 1}));
  EXPECT_GT(count(dirac, kSample, 60), 100);
}

TEST(PointsPicture, RefusesSpaces) {
  EXPECT_THROW(points_picture(normal_noise({5, 3}, 8), normal_noise({5, 3}, 9)), Error);
}

TEST(PointsPicture, TheLegendSaysWhatIsDrawn) {
  Ramp odds(true), critic(false);
  EXPECT_THAT(points_legend(2, nullptr), SizeIs(2));
  EXPECT_THAT(points_legend(2, &odds), SizeIs(5));
  EXPECT_THAT(points_legend(1, &critic), SizeIs(3));
  EXPECT_THAT(points_legend(1, &critic)[2].second, testing::HasSubstr("ramp"));
}

}  // namespace
}  // namespace belamy
