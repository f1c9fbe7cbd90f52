#include "core/shell.h"

#include <gtest/gtest.h>

namespace belamy {
namespace {

TEST(Shell, LeavesPlainWordsAsTheyAre) {
  for (const auto* word : {"runs/gan", "./a-b_c.png", "use.truncation=1,0.5", "C:+@%"})
    EXPECT_EQ(shell_word(word), word);
}

TEST(Shell, QuotesWhatAShellWouldChange) {
  EXPECT_EQ(shell_word("runs/mit leer"), "'runs/mit leer'");
  EXPECT_EQ(shell_word("<b>x</b>&amp;\"'"), "'<b>x</b>&amp;\"'\\'''");
  EXPECT_EQ(shell_word("~"), "'~'");
  EXPECT_EQ(shell_word("a[1]"), "'a[1]'");
  EXPECT_EQ(shell_word("#1"), "'#1'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Shell, ANameIsNoOption) {
  EXPECT_EQ(shell_word("-x"), "./-x");
  EXPECT_EQ(shell_word("--out y"), "'./--out y'");
}

}  // namespace
}  // namespace belamy
