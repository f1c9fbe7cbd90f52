#include "data/glyphs.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <set>

#include "core/sha256.h"
#include "errors.h"
#include "samples.h"
#include "variable.h"

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

// What the pictures show: attributes and class of each.
std::set<std::vector<float>> looks_of(const Dataset& set) {
  std::set<std::vector<float>> looks;
  const auto width = set.attribute_names.size();
  for (std::size_t i = 0; i < set.labels.size(); ++i) {
    std::vector<float> look(set.attributes.begin() + static_cast<std::ptrdiff_t>(i * width),
                            set.attributes.begin() + static_cast<std::ptrdiff_t>((i + 1) * width));
    look.push_back(static_cast<float>(set.labels[i]));
    looks.insert(std::move(look));
  }
  return looks;
}

TEST(CaptionedGlyphs, HoldOutCombinationsAndNotExamples) {
  const Dataset train = make_captioned_glyphs(1, Split::train), test = make_captioned_glyphs(2, Split::test);
  EXPECT_EQ(train.count, 13'486);
  EXPECT_EQ(test.count, 745);
  EXPECT_EQ(train.pixels.size(), static_cast<std::size_t>(train.count) * 3 * 64 * 64);
  EXPECT_EQ(train.captions.size(), static_cast<std::size_t>(train.count));
  const auto seen = looks_of(train), unseen = looks_of(test);
  EXPECT_EQ(seen.size(), 6743u);
  EXPECT_EQ(unseen.size(), 745u);
  for (const auto& look : unseen) ASSERT_EQ(seen.count(look), 0u);
  // Each property alone is in both splits, about as often as in all.
  for (std::size_t a = 0; a < test.attribute_names.size(); ++a) {
    const auto share = [a](const auto& looks) {
      const auto with =
          std::count_if(looks.begin(), looks.end(), [a](const auto& look) { return look[a] == 1; });
      return static_cast<double>(with) / static_cast<double>(looks.size());
    };
    EXPECT_NEAR(share(unseen), share(seen), 0.06) << test.attribute_names[a];
  }
}

TEST(CaptionedGlyphs, SeenCombinationsAreThoseOfTheTraining) {
  const Dataset train = make_captioned_glyphs(1, Split::train, false),
                test = make_captioned_glyphs(1, Split::test, false);
  EXPECT_EQ(train.captions, make_captioned_glyphs(1, Split::train).captions);
  EXPECT_EQ(test.count, 6743);
  EXPECT_EQ(looks_of(test), looks_of(train));
  EXPECT_NE(test.pixels, train.pixels);
}

// Checks that captions say nothing wrong; returns the share of bold pictures whose captions say so.
double expect_true_captions(const Dataset& set) {
  const std::map<std::string, std::vector<std::string>> words = {
      {"red", {"red", "crimson"}},       {"orange", {"orange", "amber"}}, {"yellow", {"yellow", "golden"}},
      {"green", {"green", "emerald"}},   {"cyan", {"cyan", "turquoise"}}, {"blue", {"blue", "azure"}},
      {"purple", {"purple", "violet"}},  {"white", {"white", "pale"}},    {"bold", {"bold", "heavy"}},
      {"italic", {"italic", "slanted"}}, {"serif", {"serif", "roman"}},   {"mono", {"mono", "typewriter"}},
      {"small", {"small", "tiny"}},      {"large", {"large", "big"}}};
  int bold_said = 0, bold_shown = 0;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    // Spaces around the words, so that "sans-serif" does not say "serif".
    auto caption = " " + set.captions[at] + " ";
    for (auto& c : caption) c = c == ',' || c == ':' ? ' ' : c;
    const auto says = [&](const std::string& name) {
      const auto& all = words.at(name);
      return std::any_of(all.begin(), all.end(), [&](const auto& word) {
        return caption.find(" " + word + " ") != std::string::npos;
      });
    };
    EXPECT_TRUE(caption.find(" " + set.class_names[static_cast<std::size_t>(set.labels[at])] + " ") !=
                std::string::npos)
        << caption;
    for (std::size_t a = 0; a < set.attribute_names.size(); ++a) {
      const bool shown = set.attributes[at * set.attribute_names.size() + a] == 1;
      const bool colour = a < 8;
      if (colour) {
        EXPECT_EQ(says(set.attribute_names[a]), shown) << caption << set.attribute_names[a];
      } else if (!shown) {
        EXPECT_FALSE(says(set.attribute_names[a])) << caption << set.attribute_names[a];
      }
      if (set.attribute_names[a] == "bold" && shown) {
        ++bold_shown;
        bold_said += says("bold");
      }
    }
  }
  return static_cast<double>(bold_said) / bold_shown;
}

TEST(CaptionedGlyphs, CaptionsSayWhatThePicturesShow) {
  const Dataset train = make_captioned_glyphs(1, Split::train), test = make_captioned_glyphs(1, Split::test);
  EXPECT_NEAR(expect_true_captions(train), 0.7, 0.03) << "three in ten are left out";
  EXPECT_EQ(expect_true_captions(test), 1);
  EXPECT_GT(std::set(test.captions.begin(), test.captions.end()).size(), 700u);
}

TEST(CaptionedGlyphs, HaveTheirColourOnADarkGround) {
  const Dataset set = make_captioned_glyphs(3, Split::test);
  constexpr std::size_t plane = 64 * 64;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::uint8_t* image = &set.pixels[static_cast<std::size_t>(i) * 3 * plane];
    ASSERT_LE(image[0], 60);
    ASSERT_EQ(image[0], image[plane]);
    const auto most = [&](int channel) {
      return *std::max_element(image + channel * plane, image + (channel + 1) * plane);
    };
    const auto has = [&](std::size_t a) { return set.attributes[static_cast<std::size_t>(i) * 14 + a] == 1; };
    if (has(0)) {
      EXPECT_GT(most(0), 200);
      EXPECT_LT(most(1), 80);
    }
    if (has(5)) {
      EXPECT_GT(most(2), 200);
      EXPECT_LT(most(0), 80);
    }
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
  std::string error_of_glyphs() {
    return message_of(ExitCode::data, [&] { make_glyphs(1, Split::test); });
  }

  TestFolder folder_;
  const Variable fonts_{"BELAMY_FONTS", folder_.path()};
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
