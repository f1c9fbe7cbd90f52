#include "report/lab_page.h"

#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

namespace belamy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

LabPage full_page() {
  LabPage page;
  page.title = "Two & two";
  page.source = "A deck: Slide. https://example.org/a?b=1&c=2.";
  page.text =
      "# Two\n\nThe sum $a_1 * b_1 * c$ is <b>bold</b>:\n\n$$\\int_0^1 x \\\\ <y> \\,dx$$\n\n| a | b "
      "|\n|---|---|\n| $x$ | 2 |\n";
  page.verdicts = {{"it is four", "4 ± 0.1", "4.01", LabVerdict::Kind::holds},
                   {"it is five", "5 ± 0.1", "4.01", LabVerdict::Kind::fails},
                   {"it takes long", "at least 9", "–", LabVerdict::Kind::skipped}};
  LabChart chart{{"time (s)"}, {"sum $s$", true}, {{"line </script>", {0, 1, 2}, {1, NAN, 1.0 / 3}}}};
  chart.frames = {{"step 1", {{"point", {0.5}, {0.25}, LabSeries::Style::points}}}};
  page.figures = {{"A chart", "Its *caption*.", chart},
                  {"A table", "", LabTable{{"$k$", "value"}, {{"1", "2 < 3"}}}},
                  {"A picture", "", LabPicture{"not really a PNG"}}};
  page.settings = {{"steps", "10", "How many"}};
  page.command = "belamy lab two --set steps=10";
  page.seconds = 1.26;
  return page;
}

TEST(LabPage, HoldsTextClaimsAndFigures) {
  const auto html = render_lab(full_page());
  EXPECT_LT(html.find(lab_page_mark), 2000u);
  EXPECT_THAT(html, HasSubstr("<title>Two &amp; two – Belamy lab</title>"));
  EXPECT_THAT(html, HasSubstr("1 of 2 claims hold (1 skipped), measured in 1.3 s"));
  EXPECT_THAT(
      html,
      HasSubstr(
          "<th scope=\"row\">it is five</th><td>5 ± 0.1</td><td>4.01</td><td><span class=\"fails\">fails"));
  EXPECT_THAT(html, HasSubstr("<span class=\"holds\">holds"));
  EXPECT_THAT(html, HasSubstr("<span class=\"skipped\">skipped"));
  EXPECT_THAT(html, HasSubstr("<td class=\"whole\">2 &lt; 3</td>"));
  EXPECT_THAT(html, HasSubstr("Its <em>caption</em>."));
  EXPECT_THAT(html, HasSubstr("data:image/png;base64,bm90IHJlYWxseSBhIFBORw=="));
  EXPECT_THAT(html, HasSubstr("<code>steps</code></th><td>10</td>"));
  EXPECT_THAT(html, HasSubstr("belamy lab two --set steps=10"));
  EXPECT_THAT(html, HasSubstr("href=\"https://example.org/a?b=1&amp;c=2\""));
}

TEST(LabPage, LoadsNothing) {
  const auto html = render_lab(full_page());
  EXPECT_THAT(html, HasSubstr("default-src 'none'"));
  EXPECT_THAT(html, HasSubstr("font-src data:"));
  const std::regex load(
      R"((src|srcset)\s*=\s*["'](?!data:)|url\((?!data:)|@import|<link[^>]*href="(?!data:))");
  // The page itself: what its scripts hold are programs, not elements.
  const auto head = html.substr(0, html.find("<script>"));
  std::smatch match;
  EXPECT_FALSE(std::regex_search(head, match, load)) << match.str();
  EXPECT_GT(head.size(), 100000u);  // the fonts are there
}

TEST(LabPage, ChartsAreSafeData) {
  const auto html = render_lab(full_page());
  const std::string open = "id=\"lab-charts\">";
  const auto start = html.find(open) + open.size();
  const auto charts = nlohmann::json::parse(html.substr(start, html.find("</script>", start) - start));
  ASSERT_EQ(charts.size(), 1u);
  const auto& series = charts[0]["series"][0];
  EXPECT_EQ(series["name"], "line </script>");
  EXPECT_EQ(series["y"][1], nullptr);
  EXPECT_EQ(series["y"][2], 0.333333);
  EXPECT_EQ(charts[0]["y"]["log"], true);
  EXPECT_FALSE(charts[0]["x"].contains("low"));
  EXPECT_EQ(charts[0]["frames"][0]["series"][0]["style"], "points");
  auto broken = full_page();
  broken.figures = {{"A chart", "", LabChart{{"x"}, {"y"}, {{"uneven", {1, 2}, {1}}}}}};
  EXPECT_THROW(render_lab(broken), std::logic_error);
}

TEST(LabPage, TextCannotBecomeMarkup) {
  const std::string bad = "</script><script>alert(1)</script>\"'<!--{{title}}";
  auto page = full_page();
  page.title = page.source = page.text = page.command = bad;
  page.source += " https://example.org/\"onclick=\"x";
  page.verdicts = {{bad, bad, bad, LabVerdict::Kind::holds}};
  page.settings = {{bad, bad, bad}};
  page.figures = {{bad, bad, LabTable{{bad}, {{bad}}}}, {bad, bad, LabPicture{"png"}}};
  const auto html = render_lab(page);
  EXPECT_THAT(html, HasSubstr("<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;"));
  EXPECT_THAT(html, HasSubstr("<h1>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;"));
  EXPECT_THAT(html, HasSubstr("{{title}}</h1>"));
  EXPECT_THAT(html, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(html, Not(HasSubstr("<!--")));
  EXPECT_THAT(html, Not(HasSubstr("\"onclick")));
}

TEST(Markdown, KeepsFormulasAndEscapesHtml) {
  EXPECT_EQ(render_markdown("The sum $a_1 * b_1 * c$."),
            "<p>The sum <x-equation>a_1 * b_1 * c</x-equation>.</p>\n");
  EXPECT_EQ(render_markdown("$$\n\\phi_0 \\\\ \\{<y>\\},\n\\theta\n$$"),
            "<p><x-equation type=\"display\">\\phi_0 \\\\ \\{&lt;y&gt;\\}, \\theta</x-equation></p>\n");
  EXPECT_THAT(render_markdown("a <script>alert(1)</script> b"), Not(HasSubstr("<script")));
  EXPECT_THAT(render_markdown("| $p\\|q$ | 2 |\n|---|---|\n| 3 | 4 |"), HasSubstr("<td>3</td>"));
}

TEST(Katex, FontsAreInside) {
  const auto style = katex_style();
  EXPECT_THAT(style, Not(HasSubstr("fonts/")));
  EXPECT_THAT(style, HasSubstr("font-family:KaTeX_Main;src:url(data:font/woff2;base64,d09GMg"));
  std::size_t count = 0;
  for (auto at = style.find("@font-face"); at != std::string::npos; at = style.find("@font-face", at + 1))
    ++count;
  EXPECT_EQ(count, 11u);
  EXPECT_THAT(style, HasSubstr(".katex{"));
}

}  // namespace
}  // namespace belamy
