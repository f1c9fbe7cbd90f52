// What a measured value has to be: the forms, their words, and what is not complete.
#include "belamy/bounds.h"

#include <gtest/gtest.h>
#include <limits>

#include "belamy/error.h"

#include "core/toml_table.h"

namespace belamy {
namespace {

TEST(Bounds, HoldBetweenMinAndMax) {
  const Bounds between{.min = 1.0, .max = 2.0};
  EXPECT_TRUE(between.hold(1));
  EXPECT_TRUE(between.hold(2));
  EXPECT_FALSE(between.hold(0.999));
  EXPECT_FALSE(between.hold(2.001));
  EXPECT_FALSE(between.hold(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(between.text(), "1 to 2");
  EXPECT_EQ((Bounds{.min = 23.0}.text()), "at least 23");
  EXPECT_EQ((Bounds{.max = 0.5}.text()), "at most 0.5");
}

TEST(Bounds, HoldNearAValue) {
  const Bounds near{.near = 2.0, .relative = 0.02};
  EXPECT_TRUE(near.hold(2.0399));
  EXPECT_FALSE(near.hold(2.05));
  EXPECT_EQ(near.text(), "2.0000 ± 2 %");
  const Bounds exact{.near = 0.2175, .tolerance = 1e-9};
  EXPECT_TRUE(exact.hold(0.2175 + 5e-10));
  EXPECT_FALSE(exact.hold(0.2175 + 2e-9));
}

TEST(Bounds, AreCompleteInOneForm) {
  EXPECT_FALSE(Bounds{}.complete());
  EXPECT_TRUE((Bounds{.min = 1.0}.complete()));
  EXPECT_TRUE((Bounds{.near = 1.0, .tolerance = 0.1}.complete()));
  EXPECT_FALSE((Bounds{.near = 1.0}.complete())) << "near needs a width";
  EXPECT_FALSE((Bounds{.near = 1.0, .tolerance = 0.1, .relative = 0.1}.complete()));
  EXPECT_FALSE((Bounds{.min = 1.0, .near = 1.0, .tolerance = 0.1}.complete()));
  EXPECT_FALSE((Bounds{.min = 1.0, .tolerance = 0.1}.complete()));
}

TEST(Bounds, ReadTheirKeysAlone) {
  const auto document = parse_toml("max = 3.0\nmin = 1\nmost = 3.0\n", "a.toml");
  TomlTable table(document, "a test");
  Bounds bounds;
  bounds.read(table);
  EXPECT_EQ(bounds.min, 1);
  EXPECT_EQ(bounds.max, 3);
  EXPECT_FALSE(bounds.near);
  EXPECT_THROW(table.finish(), Error) << "most is not one of them";
  const auto text = parse_toml("max = \"3\"\n", "a.toml");
  TomlTable wrong(text, "a test");
  EXPECT_THROW(bounds.read(wrong), Error);
}

}  // namespace
}  // namespace belamy
