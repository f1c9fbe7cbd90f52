#include "core/markdown.h"

#include <gtest/gtest.h>

#include "core/fields_text.h"

namespace belamy {
namespace {

TEST(Markdown, EscapesWhatHasAMeaning) {
  EXPECT_EQ(markdown_text("a*b* <c> `d` e\\f _g_"), "a\\*b\\* \\<c> \\`d\\` e\\\\f _g_");
  EXPECT_EQ(markdown_code("a*b <c>"), "`a*b <c>`");
}

TEST(Markdown, KeepsACellInItsPlace) {
  EXPECT_EQ(markdown_table({"a", "b"}, {{"1|2", "three\nfour"}, {"`5|6`", ""}}),
            "| a | b |\n|---|---|\n| 1\\|2 | three four |\n| `5\\|6` |  |\n");
}

TEST(FieldsText, ShowsTheValueThatARunGets) {
  Fields fields;
  std::int64_t width = 64;
  bool fast = true;
  fields.add("model.width", width, {1, 4096}, "width of |x| * 2", "channels");
  fields.add("train.fast", fast, "fast paths");
  fields.set_text("width=32");
  EXPECT_EQ(allowed_values(fields.all()[0]), "1 .. 4096 channels");
  EXPECT_EQ(fields_markdown(fields.all()),
            "| setting | default | allowed | meaning |\n|---|---|---|---|\n"
            "| `model.width` | `32` | 1 .. 4096 channels | width of \\|x\\| \\* 2 |\n"
            "| `train.fast` | `true` | true or false | fast paths |\n");
  EXPECT_NE(fields.help().find("model.width  32 "), std::string::npos);
}

}  // namespace
}  // namespace belamy
