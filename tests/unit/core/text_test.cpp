#include "core/text.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>

namespace belamy {
namespace {

TEST(TextTest, TrimmedKeepsTheBlanksInside) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(TextTest, ReplacedLooksBehindWhatItPutIn) {
  EXPECT_EQ(replaced("a-b-c", "-", "--"), "a--b--c");
  EXPECT_EQ(replaced("seed {seed}", "{seed}", "7"), "seed 7");
  EXPECT_EQ(replaced("", "x", "y"), "");
}

TEST(TextTest, CharactersAreCodePoints) {
  EXPECT_EQ(characters("a\xC3\xA9\xE2\x82\xAC"), 3u);
  EXPECT_EQ(first_characters("a\xC3\xA9\xE2\x82\xAC", 2), "a\xC3\xA9");
  EXPECT_EQ(first_characters("ab", 5), "ab");
  EXPECT_EQ(first_characters("ab", 0), "");
}

TEST(TextTest, ANumberIsTheWholeText) {
  EXPECT_EQ(number_in<double>("-2.5e3"), -2500);
  EXPECT_EQ(number_in<float>("0.1"), 0.1f);
  EXPECT_EQ(number_in<std::int64_t>("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const char* text : {"", " 1", "1 ", "1x", "+1", "inf", "nan"})
    EXPECT_EQ(number_in<double>(text), std::nullopt) << text;
  EXPECT_EQ(number_in<int>("1.0"), std::nullopt);
}

TEST(TextTest, ANumberThatDoesNotFitIsNone) {
  EXPECT_EQ(number_in<float>("1e39"), std::nullopt);
  EXPECT_EQ(number_in<int>("2147483648"), std::nullopt);
  EXPECT_EQ(number_in<std::int64_t>("-9223372036854775809"), std::nullopt);
}

TEST(TextTest, CountsHaveThePluralOfTheirNoun) {
  EXPECT_EQ(counted(1, "file"), "1 file");
  EXPECT_EQ(counted(0, "file"), "0 files");
  EXPECT_EQ(counted(std::size_t{60000}, "test image"), "60,000 test images");
  EXPECT_EQ(counted(2, "class"), "2 classes");
  EXPECT_EQ(counted(2, "pass"), "2 passes");
  EXPECT_EQ(counted(2, "query"), "2 queries");
  EXPECT_EQ(counted(1, "query"), "1 query");
  EXPECT_EQ(counted(2, "day"), "2 days");
}

TEST(TextTest, SmallLettersAreThoseOfAscii) {
  EXPECT_EQ(in_lower_case("Train-SET 2_\xc3\x89"), "train-set 2_\xc3\x89");
}

TEST(TextTest, TheFirstNamesSayWhetherThereAreMore) {
  EXPECT_EQ(first_names({}, 2), "");
  EXPECT_EQ(first_names({"cat", "dog"}, 2), "cat, dog");
  EXPECT_EQ(first_names({"cat", "dog", "emu"}, 2), "cat, dog, ...");
}

}  // namespace
}  // namespace belamy
