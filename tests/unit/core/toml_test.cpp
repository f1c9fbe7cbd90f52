#include "core/toml.h"

#include <cmath>
#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
  return message_of(ExitCode::usage, [&] { parse_toml(text, "r.toml"); });
}

Value read_back(const Value& value) {
  const auto document = parse_toml("v = " + to_toml(value), "r.toml");
  return document.entries.at(0).value;
}

TEST(Toml, FlattensTablesInTheOrderOfTheLines) {
  const auto document = parse_toml(
      "model = \"gan\"\n"
      "\n"
      "[train]\n"
      "steps = 10\n"
      "adam.beta = 0.5\n"
      "[data]\n"
      "source = 'mnist'\n"
      "limits = { low = 1, high = 2 }\n",
      "recipes/a.toml");
  std::vector<std::string> keys, origins;
  for (const auto& entry : document.entries) {
    keys.push_back(entry.key);
    origins.push_back(entry.origin.text);
  }
  EXPECT_THAT(keys, testing::ElementsAre("model", "train.steps", "train.adam.beta", "data.source",
                                         "data.limits.low", "data.limits.high"));
  EXPECT_EQ(origins[0], "recipes/a.toml, line 1");
  EXPECT_EQ(origins[2], "recipes/a.toml, line 5");
  EXPECT_EQ(origins[5], "recipes/a.toml, line 8");
  EXPECT_EQ(document.entries[1].value, Value(std::int64_t{10}));
  EXPECT_EQ(document.entries[2].value, Value(0.5));
  EXPECT_EQ(document.entries[3].value, Value(std::string("mnist")));
}

TEST(Toml, KeepsArraysOfTablesApart) {
  const auto document = parse_toml(
      "title = 'x'\n[[stage]]\nname = 'one'\nmodel.width = 4\n[[stage]]\nname = 'two'\n[[other]]\n",
      "r.toml");
  ASSERT_EQ(document.entries.size(), 1u);
  ASSERT_EQ(document.arrays.size(), 2u);
  EXPECT_EQ(document.arrays[0].first, "stage");
  ASSERT_EQ(document.arrays[0].second.size(), 2u);
  const auto& first = document.arrays[0].second[0];
  ASSERT_EQ(first.entries.size(), 2u);
  EXPECT_EQ(first.entries[1].key, "model.width");
  EXPECT_EQ(first.entries[1].origin.text, "r.toml, line 4");
  EXPECT_EQ(document.arrays[0].second[1].entries[0].value, Value(std::string("two")));
  EXPECT_EQ(document.arrays[1].first, "other");
}

TEST(Toml, ReadsLists) {
  const auto document = parse_toml("a = [1, 2]\nb = [0.5, 1]\nc = ['x', 'y']\nd = []\n", "r.toml");
  EXPECT_EQ(document.entries[0].value, Value(std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(document.entries[1].value, Value(std::vector<double>{0.5, 1}));
  EXPECT_EQ(document.entries[2].value, Value(std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(document.entries[3].value, Value(std::vector<std::int64_t>{}));
}

TEST(Toml, AValueOfSeveralLinesBelongsToTheLineOfItsKey) {
  const auto document = parse_toml("\nlist = [\n  1,\n  2,\n]\n", "r.toml");
  EXPECT_EQ(document.entries.at(0).origin.text, "r.toml, line 2");
}

TEST(Toml, SaysFileLineAndReasonOfWhatItCannotTake) {
  EXPECT_THAT(error_of("a = 1\nb = = 2\n"), HasSubstr("r.toml, line 2: "));
  EXPECT_THAT(error_of("a = 1\na = 2\n"), HasSubstr("r.toml, line 2: "));
  EXPECT_THAT(error_of("[t]\nday = 1979-05-27\n"), HasSubstr("r.toml, line 2: 't.day' is a date or a time"));
  EXPECT_THAT(error_of("x = [1, 'a']\n"),
              HasSubstr("r.toml, line 1: 'x' is a list that is neither of numbers only"));
  EXPECT_THAT(error_of("x = [true]\n"), HasSubstr("'x' is a list that is neither of numbers only"));
  EXPECT_THAT(error_of("x = [[1], [2]]\n"), HasSubstr("'x' is a list that is neither of numbers only"));
  EXPECT_THAT(error_of("x = \"\xff\"\n"), HasSubstr("r.toml, line 1: "));
  EXPECT_THAT(error_of("source = mnist\n"), HasSubstr("text in double quotes"));
}

// Older toml++ parsers, built with their assertions on, stop the program at these.
TEST(Toml, RefusesTableHeadersWithoutAName) {
  for (const char* text : {"[[[1]]]", "[[+s]", "[[=", "[[", "[]", "[[]]", "[.a]", "[a.]"}) {
    EXPECT_THAT(error_of(text), HasSubstr("r.toml, line 1: ")) << text;
  }
}

TEST(Toml, SurvivesDeepNestingAndTruncation) {
  EXPECT_THAT(error_of("x = " + std::string(100000, '[')), HasSubstr("r.toml"));
  const std::string whole = "[model]\nname = \"gan\"\nlist = [1, 2]\nrate = 1.5e-4\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    try {
      parse_toml(std::string_view(whole).substr(0, length), "cut.toml");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::usage);
    }
  }
}

TEST(Toml, WritesValues) {
  EXPECT_EQ(to_toml(true), "true");
  EXPECT_EQ(to_toml(std::int64_t{-3}), "-3");
  EXPECT_EQ(to_toml(1.0), "1.0");
  EXPECT_EQ(to_toml(2e-4), "0.0002");
  EXPECT_EQ(to_toml(1e300), "1e+300");
  EXPECT_EQ(to_toml(std::string("a\"b\\c\n\x01")), "\"a\\\"b\\\\c\\n\\u0001\"");
  EXPECT_EQ(to_toml(std::vector<double>{1, 0.5}), "[1.0, 0.5]");
  EXPECT_EQ(to_toml(std::vector<std::string>{"a", "b"}), "[\"a\", \"b\"]");
  EXPECT_EQ(to_toml(std::vector<std::int64_t>{}), "[]");
}

TEST(Toml, DoublesReadBackBitForBit) {
  std::mt19937_64 bits(1);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t pattern = bits();
    double value;
    std::memcpy(&value, &pattern, sizeof value);
    if (!std::isfinite(value)) continue;
    const auto back = read_back(value);
    ASSERT_TRUE(std::holds_alternative<double>(back)) << to_toml(value);
    EXPECT_EQ(std::get<double>(back), value);
  }
  EXPECT_TRUE(std::signbit(std::get<double>(read_back(-0.0))));
  EXPECT_EQ(read_back(std::numeric_limits<double>::infinity()),
            Value(std::numeric_limits<double>::infinity()));
  EXPECT_TRUE(std::isnan(std::get<double>(read_back(std::nan("")))));
}

TEST(Toml, OtherValuesReadBack) {
  for (const Value& value : std::vector<Value>{
           true, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
           std::string("\x7f \r\n\t\"'\\ \xc3\xa9 # x"), std::string(""), std::vector<double>{1, 2},
           std::vector<std::string>{"a,b", "]"}}) {
    EXPECT_EQ(read_back(value), value) << to_toml(value);
  }
}

}  // namespace
}  // namespace belamy
