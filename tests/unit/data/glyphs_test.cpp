#include "data/glyphs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "core/sha256.h"
#include "errors.h"
#include "samples.h"

namespace belamy {
namespace {

std::string digest(const Dataset& set) {
  return sha256_hex({reinterpret_cast<const char*>(set.pixels.data()), set.pixels.size()});
}

TEST(Glyphs, HaveAllCharactersInManyFacesEquallyOften) {
  const Dataset train = make_glyphs(1, Split::train), test = make_glyphs(1, Split::test);
  EXPECT_EQ(train.class_names.size(), 62u);
  EXPECT_EQ(train.class_names[10], "A");
  EXPECT_GE(train.style_names.size(), 40u);
  EXPECT_EQ(train.count, static_cast<std::int64_t>(62 * train.style_names.size() * 16));
  EXPECT_EQ(test.count, static_cast<std::int64_t>(62 * test.style_names.size() * 2));
  EXPECT_EQ(train.pixels.size(), static_cast<std::size_t>(train.count) * 32 * 32);
  std::map<std::pair<std::int64_t, std::int64_t>, int> pairs;
  for (std::size_t i = 0; i < train.labels.size(); ++i) ++pairs[{train.labels[i], train.styles[i]}];
  EXPECT_EQ(pairs.size(), 62 * train.style_names.size());
  for (const auto& [pair, count] : pairs) ASSERT_EQ(count, 16);
}

TEST(Glyphs, AreBrightWithinABlackBorder) {
  const Dataset set = make_glyphs(7, Split::train);
  for (std::int64_t n = 0; n < set.count; ++n) {
    const std::uint8_t* image = &set.pixels[static_cast<std::size_t>(n) * 32 * 32];
    int brightest = 0, border = 0;
    for (int i = 0; i < 32; ++i) {
      for (int j = 0; j < 32; ++j) {
        const int value = image[i * 32 + j];
        brightest = std::max(brightest, value);
        if (i == 0 || j == 0 || i == 31 || j == 31) border = std::max(border, value);
      }
    }
    ASSERT_GE(brightest, 200) << "image " << n;
    ASSERT_EQ(border, 0) << "image " << n << ", " << set.style_names[static_cast<std::size_t>(set.styles[n])];
  }
}

TEST(Glyphs, StandUpright) {
  // The bar of L: along the left side and at the bottom, so neither mirrored nor upside down.
  const Dataset set = make_glyphs(1, Split::test);
  const std::uint8_t* image = &set.pixels[(10 + 'L' - 'A') * 32 * 32];
  int top = 0, bottom = 0, left = 0, right = 0;
  for (int i = 0; i < 32; ++i) {
    for (int j = 0; j < 32; ++j) {
      (i < 16 ? top : bottom) += image[i * 32 + j];
      (j < 16 ? left : right) += image[i * 32 + j];
    }
  }
  EXPECT_GT(bottom, top);
  EXPECT_GT(left, right);
}

TEST(Glyphs, SmallLettersAreSmaller) {
  const Dataset set = make_glyphs(1, Split::test);
  const auto ink = [&](char capital_or_small) {
    double sum = 0;
    for (std::int64_t n = 0; n < set.count; ++n) {
      if (set.class_names[static_cast<std::size_t>(set.labels[n])][0] != capital_or_small) continue;
      for (int p = 0; p < 32 * 32; ++p) sum += set.pixels[static_cast<std::size_t>(n) * 32 * 32 + p];
    }
    return sum;
  };
  EXPECT_LT(ink('x'), 0.85 * ink('X'));
  EXPECT_LT(ink('o'), 0.85 * ink('O'));
}

TEST(Glyphs, DependOnSeedAndSplitAlone) {
  const std::string once = digest(make_glyphs(1, Split::test));
  EXPECT_EQ(digest(make_glyphs(1, Split::test)), once);
  EXPECT_NE(digest(make_glyphs(2, Split::test)), once);
  Dataset train = make_glyphs(1, Split::train);
  train.pixels.resize(make_glyphs(1, Split::test).pixels.size());
  EXPECT_NE(digest(train), once);
}

// The mean of the copies of each character, face by face: [faces][62 * 32 * 32].
std::vector<std::vector<double>> mean_faces(std::int64_t seed) {
  const Dataset set = make_glyphs(seed, Split::train);
  std::vector<std::vector<double>> mean(set.style_names.size(), std::vector<double>(62 * 32 * 32));
  for (std::size_t n = 0; n < static_cast<std::size_t>(set.count); ++n) {
    double* to =
        &mean[static_cast<std::size_t>(set.styles[n])][static_cast<std::size_t>(set.labels[n]) * 32 * 32];
    for (std::size_t p = 0; p < 32 * 32; ++p) to[p] += set.pixels[n * 32 * 32 + p] / 16.0;
  }
  return mean;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
  return sum / static_cast<double>(a.size());
}

TEST(Glyphs, NoTwoFacesAreOneFontUnderTwoNames) {
  // Jitter makes even equal outlines differ; two seeds of one face show by how much.
  const auto one = mean_faces(1), two = mean_faces(2);
  double jitter = 0;
  for (std::size_t a = 0; a < one.size(); ++a) jitter = std::max(jitter, distance(one[a], two[a]));
  for (std::size_t a = 0; a < one.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b)
      EXPECT_GT(distance(one[a], one[b]), 1.1 * jitter) << "faces " << a << ", " << b;
  }
}

class OtherFonts : public testing::Test {
 protected:
  OtherFonts() { setenv("BELAMY_FONTS", folder_.path().c_str(), 1); }
  ~OtherFonts() override { unsetenv("BELAMY_FONTS"); }

  std::string error_of_glyphs() {
    return message_of(ExitCode::data, [&] { make_glyphs(1, Split::test); });
  }

  samples::TemporaryFolder folder_;
};

TEST_F(OtherFonts, MissingFontNamesItsPackage) {
  const std::string error = error_of_glyphs();
  EXPECT_THAT(error, testing::HasSubstr((folder_ / "truetype/dejavu/DejaVuSans-Bold.ttf").string() +
                                        ": no such font"));
  EXPECT_THAT(error, testing::HasSubstr("apt-get install fonts-dejavu-core"));
}

TEST_F(OtherFonts, DamagedFontIsAnError) {
  samples::write(folder_ / "truetype/dejavu/DejaVuSans-Bold.ttf", "this is no font");
  EXPECT_THAT(error_of_glyphs(), testing::HasSubstr("not a readable font"));
}

}  // namespace
}  // namespace belamy
