// Digits among clutter: where they are, and what becomes of the boxes when images are chosen and fitted.
#include "data/cluttered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/image.h"

namespace belamy {
namespace {

void expect_near(const Box& box, double left, double top, double right, double bottom) {
  EXPECT_NEAR(box.left, left, 1e-9);
  EXPECT_NEAR(box.top, top, 1e-9);
  EXPECT_NEAR(box.right, right, 1e-9);
  EXPECT_NEAR(box.bottom, bottom, 1e-9);
}

TEST(Cluttered, BoxesEndWhereTheDigitsDo) {
  const auto set = make_cluttered(1, Split::test);
  ASSERT_EQ(set.count, 2'000);
  ASSERT_EQ(set.boxes.size(), 2'000u);
  EXPECT_EQ(set.class_names.size(), 10u);
  double widest = 0, mean_left = 0;
  for (std::size_t i = 0; i < set.boxes.size(); ++i) {
    const auto& box = set.boxes[i];
    ASSERT_GE(box.left, 0);
    ASSERT_GE(box.top, 0);
    ASSERT_LE(box.right, 64);
    ASSERT_LE(box.bottom, 64);
    ASSERT_GE(box.bottom - box.top, 10);
    widest = std::max(widest, box.right - box.left);
    mean_left += box.left / 2'000;
    // Each side of the box touches ink.
    const auto image = set.image(static_cast<std::int64_t>(i));
    const auto ink = [&](int x, int y) { return image.pixels[static_cast<std::size_t>(y * 64 + x)] >= 64; };
    const int l = static_cast<int>(box.left), t = static_cast<int>(box.top),
              r = static_cast<int>(box.right) - 1, b = static_cast<int>(box.bottom) - 1;
    bool left = false, right = false, top = false, bottom = false;
    for (int y = t; y <= b; ++y) left |= ink(l, y), right |= ink(r, y);
    for (int x = l; x <= r; ++x) top |= ink(x, t), bottom |= ink(x, b);
    ASSERT_TRUE(left && right && top && bottom) << "image " << i;
  }
  EXPECT_LT(widest, 52);
  EXPECT_NEAR(mean_left, 21, 4) << "places are spread evenly";
}

TEST(Cluttered, ASeedGivesTheSameSetAndAnotherAnother) {
  const auto set = make_cluttered(1, Split::test);
  EXPECT_TRUE(set.pixels == make_cluttered(1, Split::test).pixels);
  EXPECT_FALSE(set.pixels == make_cluttered(2, Split::test).pixels);
}

TEST(Cluttered, BoxesFollowTheImagesThatAreChosenAndFitted) {
  DataOptions options;
  options.source = kCluttered;
  const auto whole = load_dataset(options, Split::test);
  options.size = 32;
  options.classes = {"3"};
  const auto some = load_dataset(options, Split::test);
  ASSERT_EQ(some.boxes.size(), static_cast<std::size_t>(some.count));
  for (std::size_t i = 0; i < some.boxes.size(); ++i) {
    const auto at = static_cast<std::size_t>(some.places[i]);
    ASSERT_EQ(whole.labels[at], 3);
    const auto& box = whole.boxes[at];
    expect_near(some.boxes[i], box.left / 2, box.top / 2, box.right / 2, box.bottom / 2);
  }
  const auto two = subset(whole, {5, 1});
  EXPECT_EQ(two.boxes[0].left, whole.boxes[5].left);
  EXPECT_EQ(two.boxes[1].top, whole.boxes[1].top);
}

TEST(FitBox, FollowsFitImage) {
  const Box box{10, 4, 20, 8};
  expect_near(fit_box(box, 40, 20, 20, 20, Fit::stretch), 5, 4, 10, 8);
  expect_near(fit_box(box, 40, 20, 20, 20, Fit::crop), 0, 4, 10, 8);          // columns 10 to 30
  expect_near(fit_box(box, 40, 20, 20, 20, Fit::pad), 5, 7, 10, 9);           // 20x10, five rows above
  expect_near(fit_box(box, 28, 28, 32, 32, Fit::pad), 12, 6, 22, 10);         // only padded
  expect_near(fit_box({2, 0, 9, 8}, 40, 20, 20, 20, Fit::crop), 0, 0, 0, 8);  // cut off
}

// The box of a white rectangle, in the fitted picture.
TEST(FitBox, IsThatOfTheFittedPicture) {
  Image image{40, 24, 1, std::vector<std::uint8_t>(40 * 24, 0)};
  for (int y = 8; y < 16; ++y) {
    for (int x = 12; x < 24; ++x) image.pixels[static_cast<std::size_t>(y * 40 + x)] = 255;
  }
  for (const auto fit : {Fit::crop, Fit::pad, Fit::stretch}) {
    const auto made = fit_image(image, 48, 48, fit);
    const auto box = fit_box({12, 8, 24, 16}, 40, 24, 48, 48, fit);
    double left = 48, top = 48, right = 0, bottom = 0;
    for (int y = 0; y < 48; ++y) {
      for (int x = 0; x < 48; ++x) {
        if (made.pixels[static_cast<std::size_t>(y * 48 + x)] < 128) continue;
        left = std::min<double>(left, x);
        top = std::min<double>(top, y);
        right = std::max<double>(right, x + 1);
        bottom = std::max<double>(bottom, y + 1);
      }
    }
    EXPECT_NEAR(box.left, left, 1) << static_cast<int>(fit);
    EXPECT_NEAR(box.top, top, 1) << static_cast<int>(fit);
    EXPECT_NEAR(box.right, right, 1) << static_cast<int>(fit);
    EXPECT_NEAR(box.bottom, bottom, 1) << static_cast<int>(fit);
  }
}

}  // namespace
}  // namespace belamy
