#include "core/foreign_text.h"

#include <gtest/gtest.h>

namespace belamy {
namespace {

TEST(ForeignText, PlainTextStaysAndControlCharactersBecomeEscapes) {
  EXPECT_EQ(harmless("conv1.weight"), "conv1.weight");
  EXPECT_EQ(harmless("größe"), "größe");
  EXPECT_EQ(harmless("a\x1b[2J"), "\"a\\u001b[2J\"");
  EXPECT_EQ(harmless("a\x7f"), "\"a\\u007f\"");
  EXPECT_EQ(harmless("a\n\xff"), "\"a\\n\\ufffd\"");
  EXPECT_EQ(harmless(std::string(300, 'x')), std::string(300, 'x'));
  EXPECT_EQ(harmless(std::string(301, 'x')), std::string(300, 'x') + "...");
  EXPECT_EQ(harmless("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace belamy
