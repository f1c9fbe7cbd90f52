#include "report/report.h"

#include <algorithm>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

#include "core/base64.h"
#include "data/image.h"
#include "embedded.h"
#include "test_folder.h"

namespace belamy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::string small_png(std::uint8_t shade) {
  Image image{3, 2, 1, std::vector<std::uint8_t>(6, shade)};
  return encode_png(image);
}

ReportInput full_input() {
  ReportInput input;
  auto& facts = input.facts;
  facts.title = "Model on data";
  facts.model = "model";
  facts.data = "data";
  facts.summary = "What it does.";
  facts.citation = "A paper. https://example.org/paper?a=1&b=2.";
  facts.pictures = {{"Reconstructions", small_png(9)}};
  facts.scores = {{"distance", "distance", 6.83, "nats", "lower is better"},
                  {"broken", "broken", not_a_number, "", ""}};
  facts.messages = {{1500, "Samples are much more alike than the data"}};
  facts.commands = {"belamy train model"};
  facts.environment = {{"threads", "2"}};
  input.settings = "# how\n[model]\nwidth = 64\n";
  for (int i = 1; i <= 10; ++i) {
    input.metrics.push_back({i * 100, i * 2.5, {{"loss/generator", 1.0 / i}, {"loss/discriminator", 0.5}}});
  }
  for (int i = 1; i <= 3; ++i) input.samples.push_back({i * 500, small_png(static_cast<std::uint8_t>(i))});
  return input;
}

/// What report.js reads.
nlohmann::json curves_of(const std::string& page) {
  const std::string mark = "id=\"curves-data\">";
  const auto begin = page.find(mark);
  if (begin == std::string::npos) return nullptr;
  const auto end = page.find("</script>", begin);
  return nlohmann::json::parse(page.substr(begin + mark.size(), end - begin - mark.size()));
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

TEST(Report, WritesValuesThatAreNotFiniteAsNull) {
  ReportInput input;
  input.metrics = {{10, 1, {{"loss/a", 0.5}}},
                   {20, 2, {{"loss/a", not_a_number}}},
                   {30, 3, {{"loss/a", std::numeric_limits<double>::infinity()}}},
                   {40, 4, {{"loss/a", -2}}}};
  const auto curve = curves_of(render_report(input)).at(0).at("curves").at(0);
  EXPECT_EQ(curve.at("step").dump(), "[10,20,30,40]");
  EXPECT_EQ(curve.at("seconds").dump(), "[1,2,3,4]");
  EXPECT_EQ(curve.at("value").dump(), "[0.5,null,null,-2]");
  EXPECT_FALSE(curve.contains("mean"));
}

TEST(Report, LongRunsStaySmall) {
  ReportInput input;
  for (int i = 0; i < 30000; ++i) input.metrics.push_back({i, i * 0.1, {{"loss/a", std::sin(i)}}});
  const auto page = render_report(input);
  const auto curve = curves_of(page).at(0).at("curves").at(0);
  EXPECT_LE(curve.at("value").size(), 2000u);
  EXPECT_EQ(curve.at("mean").size(), curve.at("value").size());
  EXPECT_LT(page.size(), embedded_chart_js.size() + 150'000);
}

TEST(Report, SpreadsIndicesEvenlyWithFirstAndLast) {
  EXPECT_THAT(spread_indices(0, 40), ElementsAre());
  EXPECT_THAT(spread_indices(1, 40), ElementsAre(0));
  EXPECT_THAT(spread_indices(3, 40), ElementsAre(0, 1, 2));
  EXPECT_THAT(spread_indices(101, 5), ElementsAre(0, 25, 50, 75, 100));
  const auto indices = spread_indices(997, 40);
  ASSERT_EQ(indices.size(), 40u);
  EXPECT_EQ(indices.front(), 0u);
  EXPECT_EQ(indices.back(), 996u);
  for (std::size_t i = 1; i < indices.size(); ++i) {
    EXPECT_GE(indices[i] - indices[i - 1], 25u);
    EXPECT_LE(indices[i] - indices[i - 1], 26u);
  }
}

TEST(Report, KeepsFortySamplesWithFirstAndLast) {
  ReportInput input;
  for (int i = 1; i <= 100; ++i) input.samples.push_back({i, small_png(static_cast<std::uint8_t>(i))});
  const auto page = render_report(input);
  EXPECT_EQ(count_of(page, "data-step="), 40u);
  EXPECT_THAT(page, HasSubstr("data-step=\"1\""));
  EXPECT_THAT(page, HasSubstr("data-step=\"100\""));
  // The newest is the picture that the page opens with.
  EXPECT_THAT(page, HasSubstr("alt=\"Samples at step 100\" src=\"data:image/png;base64," +
                              encode_base64(small_png(100))));
}

TEST(Report, SaysWhatThePicturesShow) {
  ReportInput input;
  input.facts.shown = "Pairs <of>";
  input.samples = {{1, small_png(1)}, {2, small_png(2)}};
  const auto page = render_report(input);
  EXPECT_THAT(page, HasSubstr("alt=\"Pairs &lt;of&gt; at step 2\""));
  EXPECT_THAT(page, HasSubstr("aria-label=\"Pairs &lt;of&gt; over time\""));
}

TEST(Report, KeepsFewerSamplesWhenTheyAreLarge) {
  ReportInput input;
  for (int i = 1; i <= 8; ++i) input.samples.push_back({i, std::string(4 << 20, 'x')});
  const auto page = render_report(input);
  EXPECT_EQ(count_of(page, "data-step="), 3u);
  EXPECT_THAT(page, HasSubstr("data-step=\"1\""));
  EXPECT_THAT(page, HasSubstr("data-step=\"8\""));
}

TEST(Report, ShowsEveryPart) {
  const auto page = render_report(full_input());
  for (const char* part :
       {"<h1>Model on data</h1>", "What it does.", "<dt>Steps</dt><dd>1,000</dd>",
        "<dt>Training time</dt><dd>25 s</dd>", "Samples are much more alike than the data",
        "<th scope=\"row\">distance</th><td>6.83 ", "lower is better", "Reconstructions",
        "belamy train model", "<b class=\"key\">width</b> = 64", "<dt>threads</dt><dd>2</dd>"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">broken</th><td>– "));
  EXPECT_THAT(page, HasSubstr("<a href=\"https://example.org/paper?a=1&amp;b=2\" rel=\"noreferrer\">"));
}

TEST(Report, LongFactsHaveARowOfTheirOwn) {
  auto input = full_input();
  input.facts.data = std::string(41, 'x');
  const auto page = render_report(input);
  EXPECT_THAT(page, HasSubstr("<div class=\"wide\"><dt>Data</dt>"));
  EXPECT_THAT(page, HasSubstr("<div><dt>Model</dt>"));
}

TEST(Report, PlotsOfPointsHaveALegendAndAreShownWhole) {
  auto input = full_input();
  EXPECT_THAT(render_report(input), Not(HasSubstr("class=\"meaning\"")));
  EXPECT_THAT(render_report(input), HasSubstr("<img class=\"pixels\" id=\"shown\""));
  input.facts.legend = {{"#424a56", "data"}, {"#185cc8", "samples < data"}};
  const auto page = render_report(input);
  EXPECT_THAT(page, HasSubstr("style=\"background:#424a56\"></span>data</li>"));
  EXPECT_THAT(page, HasSubstr("samples &lt; data"));
  EXPECT_THAT(page, HasSubstr("<ol class=\"strip drawn\""));
  EXPECT_THAT(page, HasSubstr("<img id=\"shown\""));
}

TEST(Report, TextCannotBecomeMarkup) {
  const std::string bad = "</script><script>alert(1)</script><img src=x onerror='alert(1)'>\"<!--";
  auto input = full_input();
  auto& facts = input.facts;
  facts.title = facts.model = facts.data = facts.summary = facts.citation = input.settings = bad;
  facts.citation += " https://example.org/\"onclick=\"x";
  facts.pictures[0].caption = facts.messages[0].text = facts.commands[0] = bad;
  facts.scores[0] = {bad, bad, 1, bad, bad};
  facts.environment = {{bad, bad}};
  input.metrics = {{1, 1, {{bad, 1}, {bad + "/" + bad, 2}}}};
  const auto page = render_report(input);
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(page, Not(HasSubstr("<!--")));
  EXPECT_THAT(page, Not(HasSubstr("\"onclick")));
  // The data, the chart library, charts.js and report.js: nothing else ends a script.
  EXPECT_EQ(count_of(page, "</script"), 4u);
  EXPECT_EQ(curves_of(page).at(0).at("name"), bad.substr(0, bad.find('/')));
  EXPECT_THAT(page, HasSubstr("<title>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
  EXPECT_THAT(page, HasSubstr("<h1>&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
}

TEST(Report, TextIsNoTemplate) {
  auto input = full_input();
  input.facts.title = "{{model}} {{{style}}} {{#sections}} {{> content}}";
  EXPECT_THAT(render_report(input),
              HasSubstr("<h1>{{model}} {{{style}}} {{#sections}} {{&gt; content}}</h1>"));
}

TEST(Report, BytesThatAreNotUtf8DoNotStopIt) {
  auto input = full_input();
  input.facts.title = input.settings = "\xff\xfe";
  input.metrics = {{1, 1, {{"loss/\xff", 1}}}};
  EXPECT_EQ(curves_of(render_report(input)).at(0).at("curves").at(0).at("name"), "\xef\xbf\xbd");
}

TEST(Report, LeavesOutWhatIsEmpty) {
  const auto page = render_report({});
  EXPECT_THAT(page, HasSubstr("<h1>Training run</h1>"));
  EXPECT_THAT(page, Not(HasSubstr("<section")));
  EXPECT_THAT(page, Not(HasSubstr("id=\"player\"")));
  EXPECT_TRUE(curves_of(page).is_null());

  ReportInput one;
  one.metrics = {{50, 2, {{"loss/a", 1}}}};
  one.samples = {{50, small_png(1)}};
  const auto small = render_report(one);
  EXPECT_THAT(small, HasSubstr("id=\"curves\""));
  EXPECT_THAT(small, HasSubstr("Samples at step 50"));
  EXPECT_THAT(small, Not(HasSubstr("id=\"slider\"")));
}

TEST(Report, MakesNoRequest) {
  const auto page = render_report(full_input());
  EXPECT_THAT(page, HasSubstr("content=\"default-src 'none'; img-src data:;"));
  // Every source and address of the page's own markup (the scripts are text) is data, a place in the page, or
  // the link that the citation asked for.
  std::string markup = page;
  for (auto at = markup.find("<script>"); at != std::string::npos; at = markup.find("<script>")) {
    markup.erase(at, markup.find("</script>", at) + 9 - at);
  }
  int seen = 0;
  const std::regex attribute("(src|srcset|href|action|data|poster)=[\"']?([^\"' >]{0,30})");
  for (std::sregex_iterator it(markup.begin(), markup.end(), attribute), end; it != end; ++it, ++seen) {
    const auto target = (*it)[2].str();
    EXPECT_TRUE(target.rfind("data:", 0) == 0 || target[0] == '#' ||
                target.rfind("https://example.org/paper", 0) == 0)
        << it->str();
  }
  EXPECT_GT(seen, 10);
  EXPECT_EQ(count_of(markup, "<a href=\"http"), 1u);
  for (const char* request : {"url(", "@import", "<iframe", "<object", "<embed", "http-equiv=\"refresh"}) {
    EXPECT_THAT(markup, Not(HasSubstr(request)));
  }
  for (const char* request :
       {"fetch(", "XMLHttpRequest", "WebSocket", "import(", "sendBeacon", "http:", "https:"}) {
    EXPECT_EQ(embedded_report_js.find(request), std::string_view::npos) << request;
    EXPECT_EQ(embedded_charts_js.find(request), std::string_view::npos) << request;
  }
}

TEST(Report, SameInputSameBytes) {
  EXPECT_EQ(render_report(full_input()), render_report(full_input()));
}

class ReportFolder : public ::testing::Test {
 protected:
  const TestFolder folder_;
};

TEST_F(ReportFolder, IsWrittenFromTheRun) {
  auto run = RunFolder::create(Env::real(), folder_ / "run");
  run.write_settings("[model]\nwidth = 64\n");
  run.append_metrics(100, 2.5, {{"loss/generator", 0.75}, {"loss/discriminator", not_a_number}});
  for (int i = 1; i <= 50; ++i) run.write_sample(i * 10, small_png(static_cast<std::uint8_t>(i)));
  write_report(run, full_input().facts);

  const auto page = Env::real().read(folder_ / "run" / "report.html");
  EXPECT_THAT(page, HasSubstr("<h1>Model on data</h1>"));
  EXPECT_THAT(page, HasSubstr("<b class=\"key\">width</b> = 64"));
  EXPECT_EQ(count_of(page, "data-step="), 40u);
  EXPECT_THAT(page, HasSubstr("Samples at step 500"));
  const auto curves = curves_of(page).at(0).at("curves");
  EXPECT_EQ(curves.at(0).at("value").dump(), "[0.75]");
  EXPECT_EQ(curves.at(1).at("value").dump(), "[null]");
}

}  // namespace
}  // namespace belamy
