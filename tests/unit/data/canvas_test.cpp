#include "data/canvas.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace belamy {
namespace {

constexpr Canvas::Colour kWhite = {255, 255, 255}, kBlack = {0, 0, 0}, kRed = {255, 0, 0};

int red_of(const Image& image, int x, int y) {
  return image.pixels[static_cast<std::size_t>((y * image.width + x) * 3)];
}

/// Pixels' worth of black ink on a white canvas.
double ink(const Canvas& canvas) {
  double sum = 0;
  for (const auto value : canvas.image().pixels) sum += (255 - value) / 255.0 / 3;
  return sum;
}

TEST(Canvas, StartsWithItsBackground) {
  const auto image = Canvas(5, 3, {1, 2, 3}).image();
  EXPECT_EQ(image.width, 5);
  EXPECT_EQ(image.height, 3);
  EXPECT_EQ(image.channels, 3);
  ASSERT_EQ(image.pixels.size(), 45u);
  for (std::size_t i = 0; i < 45; ++i) EXPECT_EQ(image.pixels[i], i % 3 + 1);
}

TEST(Canvas, ShapesCoverTheirArea) {
  Canvas disc(40, 40, kWhite), line(60, 40, kWhite), rectangle(40, 40, kWhite);
  disc.disc(20.3, 19.6, 10, kBlack);
  EXPECT_NEAR(ink(disc), 314.16, 3);
  line.line(10, 10, 40, 30, 3, kBlack);
  EXPECT_NEAR(ink(line), 3 * std::hypot(30, 20) + 3.1416 * 1.5 * 1.5, 2);
  rectangle.rectangle(3.5, 4, 20, 9.25, kBlack);
  EXPECT_NEAR(ink(rectangle), 16.5 * 5.25, 0.5);
}

TEST(Canvas, AlphaLetsThrough) {
  Canvas canvas(20, 20, kWhite);
  canvas.disc(10, 10, 5, kBlack, 0.25);
  EXPECT_NEAR(red_of(canvas.image(), 10, 10), 0.75 * 255, 1);
  canvas.disc(10, 10, 5, kBlack, 0.25);
  EXPECT_NEAR(red_of(canvas.image(), 10, 10), 0.75 * 0.75 * 255, 1);
  EXPECT_EQ(red_of(canvas.image(), 2, 2), 255);
}

TEST(Canvas, AnArrowIsWideBehindItsTip) {
  Canvas canvas(60, 40, kWhite);
  canvas.arrow(10, 20.5, 50, 20.5, 3, kBlack);
  const auto image = canvas.image();
  const auto width_at = [&](int x) {
    double sum = 0;
    for (int y = 0; y < 40; ++y) sum += (255 - red_of(image, x, y)) / 255.0;
    return sum;
  };
  EXPECT_NEAR(width_at(20), 3, 0.2);
  EXPECT_GT(width_at(41), 8);
  EXPECT_LT(width_at(48), 3);
  EXPECT_EQ(width_at(53), 0);
  EXPECT_EQ(width_at(5), 0);
}

TEST(Canvas, DrawsNothingOutsideItself) {
  Canvas canvas(10, 10, kWhite);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  canvas.disc(-100, 5, 3, kBlack);
  canvas.disc(1e30, 1e30, 3, kBlack);
  canvas.disc(nan, 5, 3, kBlack);
  canvas.line(0, -50, 10, -50, 2, kBlack);
  canvas.arrow(3, 3, 3, 3, 2, kBlack);
  canvas.pixel(10, 0, kBlack);
  canvas.pixel(-1, 0, kBlack);
  EXPECT_EQ(ink(canvas), 0);
  canvas.disc(0, 0, 3, kBlack);  // a quarter of it is inside
  EXPECT_NEAR(ink(canvas), 3.1416 * 9 / 4, 0.5);
}

TEST(Canvas, NumbersFillTheirBoxAndNothingElse) {
  const std::string text = "-0123456789.5";
  const double width = Canvas::number_width(12, text);
  Canvas canvas(static_cast<int>(width) + 40, 40, kWhite);
  canvas.number(20, 20, 12, text, kRed);
  const auto image = canvas.image();
  int marked = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const bool ink = image.pixels[static_cast<std::size_t>((y * image.width + x) * 3 + 1)] < 250;
      marked += ink;
      EXPECT_TRUE(!ink || (x >= 18 && x <= 22 + width && y >= 12 && y <= 28)) << x << " " << y;
    }
  }
  EXPECT_GT(marked, 200);
  Canvas other(100, 40, kWhite);
  other.number(5, 20, 12, "a b", kRed);
  EXPECT_EQ(ink(other), 0);
}

}  // namespace
}  // namespace belamy
