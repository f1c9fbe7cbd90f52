#include "core/toml_table.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>

namespace belamy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// What the work tells about a table of this text; nothing if it is content.
std::string told(const std::string& text, const std::function<void(TomlTable&)>& work) {
  const auto document = parse_toml(text, "a.toml");
  TomlTable table(document, "a test");
  try {
    work(table);
    table.finish();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

TEST(TomlTable, ReadsEveryType) {
  std::string name = "none", kind;
  std::vector<std::string> words;
  bool fast = false;
  double rate = 0;
  std::optional<double> least, most;
  std::int64_t count = 0;
  std::optional<Value> any;
  const auto* text =
      "kind = \"b\"\nwords = [\"x\", \"y\"]\nfast = true\nrate = 1\nleast = -0.5\ncount = 7\nany = [1]\n";
  EXPECT_EQ(told(text,
                 [&](TomlTable& table) {
                   table.text("name", name);
                   table.text("kind", kind, {"a", "b"});
                   table.texts("words", words);
                   table.truth("fast", fast);
                   table.number("rate", rate);
                   table.number("least", least);
                   table.number("most", most);
                   table.integer("count", count, {1, 10});
                   table.value("any", any);
                 }),
            "");
  EXPECT_EQ(name, "none") << "a missing key leaves the value";
  EXPECT_EQ(kind, "b");
  EXPECT_THAT(words, ElementsAre("x", "y"));
  EXPECT_TRUE(fast);
  EXPECT_EQ(rate, 1);
  EXPECT_EQ(least, -0.5);
  EXPECT_EQ(most, std::nullopt);
  EXPECT_EQ(count, 7);
  EXPECT_EQ(any, Value(std::vector<std::int64_t>{1}));
}

TEST(TomlTable, ADefaultMayBeInfinite) {
  double high = std::numeric_limits<double>::infinity();
  EXPECT_EQ(told("", [&](TomlTable& table) { table.number("max", high); }), "");
  EXPECT_EQ(high, std::numeric_limits<double>::infinity());
  EXPECT_EQ(told("max = 3\n", [&](TomlTable& table) { table.number("max", high); }), "");
  EXPECT_EQ(high, 3);
}

TEST(TomlTable, MistakesNameThePlace) {
  std::string kind = "start";
  std::int64_t count = 3;
  const auto read = [&](TomlTable& table) {
    table.text("kind", kind, {"alpha", "beta"});
    table.integer("count", count, {1, 10});
  };
  EXPECT_EQ(told("\ncount = 11\n", read), "a.toml, line 2: count must be an integer from 1 to 10, not 11");
  EXPECT_THAT(told("kind = \"alpa\"\n", read),
              AllOf(HasSubstr("line 1: kind"), HasSubstr("did you mean 'alpha'")));
  EXPECT_EQ(told("conut = 1\n", read),
            "a.toml, line 1: unknown key 'conut' in a test\n  did you mean 'count'? known are kind, count");
  EXPECT_EQ(told("nothing = 1\n", read),
            "a.toml, line 1: unknown key 'nothing' in a test\n  known are kind, count");
  EXPECT_EQ(count, 3);
  EXPECT_EQ(kind, "start");
  EXPECT_EQ(told("x = 1\n", [](TomlTable& table) { throw table.refused("x", "even"); }),
            "a.toml, line 1: 'x' must be even");
}

TEST(TomlTable, TablesBelowHaveNamesAndTheirOwnPlaces) {
  std::vector<std::string> names, lines;
  const auto read = [&](TomlTable& table) {
    for (const auto& [name, document] : table.tables("settings")) {
      names.push_back(name);
      lines.push_back(document.origin);
      TomlTable inner(document, "the setting " + name);
      double value = 0;
      inner.number("value", value);
      inner.finish();
    }
  };
  EXPECT_EQ(told("[settings]\nb = { value = 1 }\na.value = 2\n", read), "");
  EXPECT_THAT(names, ElementsAre("b", "a"));
  EXPECT_THAT(lines, ElementsAre("a.toml, line 2", "a.toml, line 3"));
  EXPECT_THAT(told("[settings]\na = { valeu = 2 }\n", read),
              HasSubstr("line 2: unknown key 'valeu' in the setting a\n  did you mean 'value'?"));
  EXPECT_THAT(told("[settings]\na = 2\n", read), HasSubstr("unknown key 'settings.a'"));
}

TEST(TomlTable, ListsHaveTheirLines) {
  std::vector<std::string> lines;
  const auto read = [&](TomlTable& table) {
    for (const auto& document : table.list("claim")) lines.push_back(document.origin);
  };
  EXPECT_EQ(told("\n[[claim]]\nx = 1\n[[claim]]\nx = 2\n", read), "");
  EXPECT_THAT(lines, ElementsAre("a.toml, line 2", "a.toml, line 4"));
  EXPECT_EQ(
      told("\n[[clam]]\nx = 1\n", read),
      "a.toml, line 2: unknown table [[clam]] in a test\n  did you mean '[[claim]]'? known are [[claim]]");
}

TEST(TomlTable, TheOthersAreForFields) {
  std::vector<std::string> keys, rest;
  const auto read = [&](TomlTable& table) {
    std::string name;
    table.text("name", name);
    for (const auto& entry : table.beginning("use.", "use.KEY")) keys.push_back(entry.key);
    for (const auto& entry : table.others()) rest.push_back(entry.key);
  };
  EXPECT_EQ(told("name = \"x\"\nuse.a = 1\nb = 2\nuse.c = 3\n", read), "");
  EXPECT_THAT(keys, ElementsAre("use.a", "use.c"));
  EXPECT_THAT(rest, ElementsAre("b"));
}

}  // namespace
}  // namespace belamy
