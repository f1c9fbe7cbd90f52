#include "core/columns.h"

#include <gtest/gtest.h>

namespace belamy {
namespace {

TEST(ColumnsTest, EachIsAsWideAsItsWidestCell) {
  EXPECT_EQ(in_columns({{"a", "first"}, {"longer", "second"}}), "a       first\nlonger  second\n");
  EXPECT_EQ(in_columns({{"a", "b", ""}, {"cc", "d", "e"}}), "a   b\ncc  d  e\n");
  EXPECT_EQ(in_columns({}), "");
}

TEST(ColumnsTest, TheLastCellIsWrappedBetweenWords) {
  EXPECT_EQ(in_columns({{"name", "one two three four five six"}}, 26),
            "name  one two three four\n      five six\n");
  EXPECT_EQ(in_columns({{"n", "averyveryverylongwordthatdoesnotfit x"}}, 10),
            "n  averyveryverylongwordthatdoesnotfit\n   x\n");
}

TEST(ColumnsTest, CharactersAreCountedNotBytes) {
  EXPECT_EQ(in_columns({{"\xC3\xA9", "x"}, {"ab", "y"}}), "\xC3\xA9   x\nab  y\n");
}

}  // namespace
}  // namespace belamy
