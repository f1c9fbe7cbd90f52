#include "labs/lab.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "errors.h"

namespace belamy {
namespace {

using ::testing::HasSubstr;

const std::string sheet_text = R"(title = "A lab"
source = "A slide"
[settings]
steps = { value = 100, tiny = 10, min = 1, max = 1000, help = "How many" }
rate = { value = 0.5, min = 0, max = 1, help = "How fast" }
loss = { value = "plain", choices = ["plain", "fancy"], help = "Which" }
run = { value = "", help = "Of which run" }
[[claim]]
key = "distance"
text = "It is far"
near = 2.0
tolerance = 0.01
[[claim]]
key = "share"
text = "It is much"
min = 0.9
tiny = false
)";

LabSheet sheet() {
  return LabSheet::parse("a-lab", sheet_text, "# Text", "lab.toml");
}

std::string refusal(const std::function<void()>& work) {
  return message_of(ExitCode::usage, work);
}

TEST(Lab, SettingsHaveTypesRangesAndATinySize) {
  Lab lab(sheet(), false, {});
  EXPECT_EQ(lab.integer("steps"), 100);
  EXPECT_EQ(lab.number("rate"), 0.5);
  EXPECT_EQ(lab.text("loss"), "plain");
  EXPECT_THROW(lab.number("steps"), std::logic_error);
  EXPECT_THROW(lab.integer("stepz"), std::logic_error);
  EXPECT_EQ(Lab(sheet(), true, {}).integer("steps"), 10);
  EXPECT_EQ(Lab(sheet(), true, {"steps=7"}).integer("steps"), 7);
  EXPECT_EQ(Lab(sheet(), false, {"loss=fancy"}).text("loss"), "fancy");
  EXPECT_EQ(lab.text("run"), "");
  EXPECT_EQ(Lab(sheet(), false, {"run=runs/x"}).text("run"), "runs/x");
  EXPECT_THAT(refusal([] { Lab(sheet(), false, {"stpes=7"}); }), HasSubstr("'steps'"));
  EXPECT_THAT(refusal([] { Lab(sheet(), false, {"steps=0"}); }), HasSubstr("from 1 to 1000"));
  EXPECT_THAT(refusal([] { Lab(sheet(), false, {"loss=fany"}); }), HasSubstr("'fancy'"));
}

TEST(Lab, ClaimsAreJudged) {
  Lab lab(sheet(), false, {});
  lab.measure("distance", 2.005);
  EXPECT_THROW(lab.measure("distance", 2), std::logic_error);
  EXPECT_THROW(lab.measure("distanse", 2), std::logic_error);
  EXPECT_THROW(lab.verdicts(), std::logic_error);  // share is missing
  lab.measure("share", 0.2);
  const auto verdicts = lab.verdicts();
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(verdicts[0].kind, LabVerdict::Kind::holds);
  EXPECT_EQ(verdicts[0].expected, "2.000 ± 0.01");
  EXPECT_EQ(verdicts[0].measured, "2.005");
  EXPECT_EQ(verdicts[1].kind, LabVerdict::Kind::fails);
  EXPECT_EQ(verdicts[1].expected, "at least 0.9");

  Lab tiny(sheet(), true, {"rate=0.25"});
  tiny.measure("distance", 3);
  EXPECT_EQ(tiny.verdicts()[0].kind, LabVerdict::Kind::fails);
  EXPECT_EQ(tiny.verdicts()[1].kind, LabVerdict::Kind::skipped);
  const auto page = tiny.page(2);
  EXPECT_EQ(page.command, "belamy lab a-lab --tiny --set rate=0.25");
  ASSERT_EQ(page.settings.size(), 4u);
  EXPECT_EQ(page.settings[1].value, "0.25");

  Lab without(sheet(), false, {});
  without.measure("distance", 2);
  without.skip("share");
  EXPECT_EQ(without.verdicts()[1].kind, LabVerdict::Kind::skipped);
}

TEST(LabSheet, SaysWhatIsWrong) {
  const auto parse = [](const std::string& text) {
    return refusal([&] { LabSheet::parse("x", text, "", "lab.toml"); });
  };
  EXPECT_THAT(parse("title = \"T\"\n[[claim]]\nkey = \"a\"\ntext = \"A\"\n"),
              HasSubstr("claim 'a' is not complete"));
  EXPECT_THAT(parse("title = \"T\"\n[[claim]]\nkey = \"a\"\ntext = \"A\"\nnear = 1\n"),
              HasSubstr("not complete"));
  EXPECT_THAT(
      parse("title = \"T\"\n[[claim]]\nkey = \"a\"\ntext = \"A\"\nmax = 1\nnear = 1\ntolerance = 1\n"),
      HasSubstr("not complete"));
  EXPECT_THAT(parse("title = \"T\"\n[[claim]]\nkey = \"a\"\nlimit = 1\n"),
              HasSubstr("line 4: unknown key 'limit'"));
  EXPECT_THAT(parse("titel = \"T\"\n"), HasSubstr("line 1: unknown key 'titel'"));
  EXPECT_THAT(parse("[settings]\nx = { value = 1, low = 2 }\n"),
              HasSubstr("line 2: unknown key 'low' in the setting 'x'"));
  EXPECT_THAT(parse("[settings]\nx = { value = true }\n"), HasSubstr("'value' must be a number or a text"));
  EXPECT_THAT(parse("[settings]\nx = { min = 2 }\n"),
              HasSubstr("line 2: 'value' is missing in the setting 'x'"));
  EXPECT_THAT(parse(""), HasSubstr("must have a title"));
}

TEST(Labs, EverySheetIsGood) {
  ASSERT_FALSE(all_labs().empty());
  for (const auto& entry : all_labs()) {
    const auto lab = load_lab(entry);
    EXPECT_FALSE(lab.claims.empty()) << entry.name;
    EXPECT_FALSE(lab.source.empty()) << entry.name;
    EXPECT_GE(lab.text.size(), 1000u) << entry.name;
    for (const auto& setting : lab.settings)
      EXPECT_FALSE(setting.help.empty()) << entry.name << " " << setting.key;
    Lab(lab, true, {});
    Lab(lab, false, {});
    std::size_t judged = 0;
    for (const auto& claim : lab.claims) judged += claim.tiny;
    EXPECT_GT(judged, 0u) << entry.name << " checks nothing with --tiny";
  }
  EXPECT_THAT(refusal([] { find_lab("shift-gann"); }), HasSubstr("'shift-gan'"));
}

}  // namespace
}  // namespace belamy
