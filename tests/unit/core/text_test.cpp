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

}  // namespace
}  // namespace belamy
