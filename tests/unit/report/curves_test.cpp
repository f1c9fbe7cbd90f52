#include "report/curves.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "report/page.h"

namespace belamy {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::vector<CurvePoint> wave(int count) {
  std::vector<CurvePoint> points;
  for (int i = 0; i < count; ++i) points.push_back({i, i * 0.5, std::sin(i * 0.7), std::sin(i * 0.7)});
  return points;
}

TEST(Curves, GroupsMetricsByPrefixWithLossFirst) {
  const auto groups = group_curves({{1, 0.1, {{"speed/images", 10}, {"loss/generator", 2}, {"memory", 5}}},
                                    {2, 0.2, {{"loss/discriminator", 3}, {"loss/generator", 1}}}});
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].name, "loss");
  EXPECT_EQ(groups[1].name, "speed");
  EXPECT_EQ(groups[2].name, "other");
  EXPECT_EQ(groups[2].curves[0].name, "memory");
  ASSERT_EQ(groups[0].curves.size(), 2u);
  EXPECT_EQ(groups[0].curves[0].name, "generator");
  ASSERT_EQ(groups[0].curves[0].points.size(), 2u);
  EXPECT_EQ(groups[0].curves[0].points[1].step, 2);
  EXPECT_EQ(groups[0].curves[0].points[1].seconds, 0.2);
  EXPECT_EQ(groups[0].curves[0].points[1].value, 1);
  // A metric that a row does not name has no point there, and so no gap.
  ASSERT_EQ(groups[0].curves[1].points.size(), 1u);
  EXPECT_EQ(groups[0].curves[1].points[0].step, 2);
}

TEST(Curves, ThinningACurveKeepsEndsExtremesAndOrder) {
  auto points = wave(50000);
  points[31234].value = 100;
  points[777].value = -100;
  const auto thinned = thin_curve(points, 2000);
  EXPECT_LE(thinned.size(), 2000u);
  EXPECT_GT(thinned.size(), 1800u);
  EXPECT_EQ(thinned.front().step, 0);
  EXPECT_EQ(thinned.back().step, 49999);
  double low = 0, high = 0;
  for (std::size_t i = 0; i < thinned.size(); ++i) {
    low = std::min(low, thinned[i].value);
    high = std::max(high, thinned[i].value);
    if (i > 0) {
      ASSERT_LT(thinned[i - 1].step, thinned[i].step);
    }
  }
  EXPECT_EQ(low, -100);
  EXPECT_EQ(high, 100);
}

TEST(Curves, ThinnedPointsCarryTheMeanOfTheirBucket) {
  std::vector<CurvePoint> points;
  for (int i = 0; i < 1002; ++i) points.push_back({i, 0, i % 10 == 1 ? 11.0 : 1.0, 0});
  const auto thinned = thin_curve(points, 202);  // 100 buckets of 10 points: one 11 and nine 1
  ASSERT_EQ(thinned.size(), 202u);
  for (std::size_t i = 1; i + 1 < thinned.size(); ++i) EXPECT_DOUBLE_EQ(thinned[i].mean, 2.0);
}

TEST(Curves, ThinningACurveKeepsGaps) {
  auto points = wave(10000);
  points[5000].value = not_a_number;
  const auto thinned = thin_curve(points, 100);
  EXPECT_EQ(std::count_if(thinned.begin(), thinned.end(), [](const auto& p) { return std::isnan(p.value); }),
            1);
  for (auto& point : points) point.value = not_a_number;
  for (const auto& point : thin_curve(points, 100)) EXPECT_TRUE(std::isnan(point.value));
}

TEST(Curves, LeavesShortCurvesAlone) {
  EXPECT_EQ(thin_curve(wave(2000), 2000).size(), 2000u);
  EXPECT_TRUE(thin_curve({}, 2000).empty());
}

TEST(Curves, NumbersAreShort) {
  EXPECT_EQ(short_number(0).dump(), "0");
  EXPECT_EQ(short_number(-2).dump(), "-2");
  EXPECT_EQ(short_number(1.0 / 3).dump(), "0.333333");
  EXPECT_EQ(short_number(-1.25e-7).dump(), "-1.25e-07");
  EXPECT_EQ(short_number(123456.789).dump(), "123457");
  EXPECT_EQ(short_number(1e-310).get<double>(), 1e-310);
  EXPECT_EQ(short_number(not_a_number).dump(), "null");
  EXPECT_EQ(short_number(-std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(Curves, JsonHoldsWhatTheScriptReads) {
  const CurvePoint gap{2, 1.5, not_a_number, not_a_number};
  const auto json = curves_json({{"loss", {{"a", {{1, 0.5, 0.25, 0.25}, gap}}}}}, 2000);
  EXPECT_EQ(
      json.dump(),
      R"([{"name":"loss","curves":[{"name":"a","step":[1,2],"seconds":[0.5,1.5],"value":[0.25,null]}]}])");
  const auto thinned = curves_json({{"loss", {{"a", wave(100)}}}}, 10);
  EXPECT_EQ(thinned[0]["curves"][0]["mean"].size(), 10u);
  EXPECT_EQ(curves_json({}, 2000).dump(), "[]");
}

TEST(Page, ADataElementCannotEndItsScript) {
  EXPECT_EQ(fill_template("{{{code}}}", script("x", {"</script>", "\xff<!--"})),
            R"(["\u003c/script>","\ufffd\u003c!--"])");
}

TEST(Page, ADamagedTemplateIsAnError) {
  EXPECT_EQ(fill_template("{{a}} {{{a}}}", mustache::data{"a", "<'>"}), "&lt;&apos;&gt; <'>");
  EXPECT_THROW(fill_template("{{#a}}", mustache::data{"a", true}), std::logic_error);
  EXPECT_THROW(fill_template("{{a", mustache::data{"a", true}), std::logic_error);
}

}  // namespace
}  // namespace belamy
