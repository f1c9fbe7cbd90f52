#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/image.h"
#include "errors.h"

namespace belamy {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

Image gray(int width, int height, std::vector<std::uint8_t> pixels) {
  return {width, height, 1, std::move(pixels)};
}

TEST(ContactSheet, PlacesImagesRowByRowWithGaps) {
  const auto sheet = contact_sheet({gray(2, 1, {1, 2}), gray(2, 1, {3, 4}), gray(2, 1, {5, 6})}, 2, 1, 1, 9);
  EXPECT_EQ(sheet.width, 5);
  EXPECT_EQ(sheet.height, 3);
  EXPECT_EQ(sheet.channels, 1);
  EXPECT_THAT(sheet.pixels, ElementsAreArray({1, 2, 9, 3, 4,     //
                                              9, 9, 9, 9, 9,     //
                                              5, 6, 9, 9, 9}));  // the last cell stays empty
}

TEST(ContactSheet, EnlargesByWholePixels) {
  const auto sheet = contact_sheet({gray(2, 1, {1, 2}), gray(2, 1, {3, 4})}, 1, 1, 2, 0);
  EXPECT_EQ(sheet.width, 4);
  EXPECT_EQ(sheet.height, 5);
  EXPECT_THAT(sheet.pixels, ElementsAreArray({1, 1, 2, 2,  //
                                              1, 1, 2, 2,  //
                                              0, 0, 0, 0,  //
                                              3, 3, 4, 4,  //
                                              3, 3, 4, 4}));
}

TEST(ContactSheet, KeepsColours) {
  const Image red{1, 2, 3, {255, 0, 0, 250, 1, 2}};
  const Image blue{1, 2, 3, {0, 0, 255, 3, 4, 250}};
  const auto sheet = contact_sheet({red, blue}, 2, 0);
  EXPECT_EQ(sheet.channels, 3);
  EXPECT_THAT(sheet.pixels, ElementsAreArray({255, 0, 0, 0, 0, 255, 250, 1, 2, 3, 4, 250}));
}

TEST(ContactSheet, IsNoWiderThanItsImages) {
  const auto sheet = contact_sheet({gray(2, 2, {1, 2, 3, 4})}, 8);
  EXPECT_EQ(sheet.width, 2);
  EXPECT_EQ(sheet.height, 2);
}

TEST(ContactSheet, RefusesImpossibleSheets) {
  const auto error_of = [](const std::vector<Image>& images, int columns, int gap, int scale) -> std::string {
    return message_of(ExitCode::data, [&] { contact_sheet(images, columns, gap, scale); });
  };
  const auto good = gray(2, 1, {1, 2});
  EXPECT_THAT(error_of({}, 1, 0, 1), HasSubstr("at least one image"));
  EXPECT_THAT(error_of({good, gray(1, 2, {1, 2})}, 1, 0, 1),
              HasSubstr("image 1 is 1x2x1, the first is 2x1x1"));
  EXPECT_THAT(error_of({gray(2, 2, {1})}, 1, 0, 1), HasSubstr("not a whole"));
  EXPECT_THAT(error_of({good}, 0, 0, 1), HasSubstr("at least one column"));
  EXPECT_THAT(error_of({good}, 1, -1, 1), HasSubstr("gap -1"));
  EXPECT_THAT(error_of({good}, 1, 0, 0), HasSubstr("scale 0"));
  EXPECT_THAT(error_of({good}, 1, 0, 1 << 30), HasSubstr("a scale of 1 to"));
  const std::vector<Image> many(1000, good);
  EXPECT_THAT(error_of(many, 1000, 0, 1024), HasSubstr("are too many"));
}

}  // namespace
}  // namespace belamy
