// What the studio's guard lets through: hostile requests, spellings of paths, sessions.
#include "studio/guard.h"

#include <algorithm>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "core/random.h"

namespace belamy::studio {
namespace {

constexpr int kPort = 8123;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class StudioGuardTest : public testing::Test {
 protected:
  StudioGuardTest() : session_(guard_.log_in(guard_.new_login()).value()) {}

  // A request of the studio's own page.
  RequestHead good(const std::string& method, const std::string& path) const {
    RequestHead head{
        method, path, {}, {{"host", "127.0.0.1:8123"}, {"cookie", guard_.cookie_name() + "=" + session_}}};
    if (method == "POST") {
      for (const auto& header : Pairs{{"origin", "http://127.0.0.1:8123"},
                                      {"sec-fetch-site", "same-origin"},
                                      {"content-type", "application/json"},
                                      {"x-belamy", "1"},
                                      {"content-length", "2"}})
        head.headers.push_back(header);
    }
    return head;
  }
  static void set(RequestHead& head, const std::string& name, const std::string& value) {
    for (auto& [key, old] : head.headers) {
      if (key == name) {
        old = value;
        return;
      }
    }
    head.headers.emplace_back(name, value);
  }
  static void drop(RequestHead& head, const std::string& name) {
    std::erase_if(head.headers, [&](const auto& header) { return header.first == name; });
  }
  int status(const RequestHead& head) const {
    const auto refusal = guard_.check(head);
    return refusal ? refusal->status : 200;
  }
  int status_with(RequestHead head, const std::string& name, const std::string& value) const {
    set(head, name, value);
    return status(head);
  }

  Guard guard_{kPort, false};
  const std::string session_;
};

TEST_F(StudioGuardTest, LetsItsOwnPageThrough) {
  EXPECT_EQ(status(good("GET", "/api/1/runs")), 200);
  EXPECT_EQ(status(good("POST", "/api/1/do/start")), 200);
  EXPECT_EQ(status(good("POST", "/api/1/ask/samples")), 200);
  EXPECT_EQ(status_with(good("GET", "/api/1/runs"), "host", "localhost:8123"), 200);
  auto script = good("GET", "/api/1/runs");
  drop(script, "cookie");
  set(script, "authorization", "Bearer " + guard_.bearer());
  EXPECT_EQ(status(script), 200);
  // What leads to a session needs none.
  for (const char* path : {"/", "/assets/app.js"}) {
    auto page = good("GET", path);
    drop(page, "cookie");
    EXPECT_EQ(status(page), 200) << path;
  }
  auto login = good("POST", "/api/1/login");
  drop(login, "cookie");
  EXPECT_EQ(status(login), 200);
}

TEST_F(StudioGuardTest, RefusesEveryHostileRequest) {
  int count = 0;
  const auto refused = [&](const RequestHead& head, int wanted, const std::string& what) {
    ++count;
    EXPECT_EQ(status(head), wanted) << what;
  };
  // Names that lead here and are not this server: DNS rebinding and other ports.
  for (const char* host :
       {"evil.test:8123", "evil.test", "127.0.0.1", "127.0.0.1:80", "localhost", "localhost:8124",
        "127.0.0.1:8123.evil.test", "127.0.0.1:8123@evil.test", "[::1]:8123", "0.0.0.0:8123", "127.1:8123",
        "2130706433:8123", "127.0.0.1:08123", "127.0.0.1:8123 ", "LOCALHOST:8123", ""}) {
    auto head = good("GET", "/api/1/runs");
    set(head, "host", host);
    refused(head, 403, std::string("host ") + host);
  }
  auto two = good("GET", "/api/1/runs");
  two.headers.emplace_back("host", "127.0.0.1:8123");
  refused(two, 403, "two hosts");
  auto none = good("GET", "/api/1/runs");
  drop(none, "host");
  refused(none, 403, "no host");
  // Pages of other origins.
  for (const char* origin :
       {"http://evil.test", "null", "https://127.0.0.1:8123", "http://127.0.0.1", "http://127.0.0.1:8124",
        "http://localhost:8123", "http://127.0.0.1:8123.evil.test", "file://", ""})
    refused(
        [&] {
          auto head = good("POST", "/api/1/do/start");
          set(head, "origin", origin);
          return head;
        }(),
        403, std::string("origin ") + origin);
  for (const char* site : {"cross-site", "same-site", "SAME-ORIGIN", ""})
    refused(
        [&] {
          auto head = good("GET", "/api/1/runs");
          set(head, "sec-fetch-site", site);
          return head;
        }(),
        403, std::string("site ") + site);
  // Without a session, or with another one.
  for (const std::string& cookie :
       {std::string(), guard_.cookie_name() + "=", guard_.cookie_name() + "=" + std::string(32, '0'),
        "belamy_8124=" + session_, "x" + guard_.cookie_name() + "=" + session_,
        guard_.cookie_name() + "=" + session_ + "0", guard_.cookie_name() + "=" + session_.substr(1),
        guard_.cookie_name() + "=" + session_ + "; " + guard_.cookie_name() + "=" + session_})
    refused(
        [&] {
          auto head = good("GET", "/api/1/runs");
          set(head, "cookie", cookie);
          return head;
        }(),
        401, "cookie " + cookie);
  for (const std::string& sent :
       {std::string("Bearer "), std::string("Bearer x"), "Basic " + guard_.bearer(), guard_.bearer(),
        "bearer " + guard_.bearer(), "Bearer " + guard_.bearer() + " "})
    refused(
        [&] {
          auto head = good("GET", "/api/1/runs");
          set(head, "authorization", sent);
          return head;
        }(),
        401, "authorization " + sent);
  // Forms and simple requests of other pages.
  for (const char* kind :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp",
        "application/json; charset=utf-16", "text/plain; application/json"})
    refused(
        [&] {
          auto head = good("POST", "/api/1/do/start");
          set(head, "content-type", kind);
          return head;
        }(),
        415, std::string("type ") + kind);
  for (const char* mark : {"0", "", "11", "true"})
    refused(
        [&] {
          auto head = good("POST", "/api/1/do/start");
          set(head, "x-belamy", mark);
          return head;
        }(),
        403, std::string("mark ") + mark);
  auto unmarked = good("POST", "/api/1/do/start");
  drop(unmarked, "x-belamy");
  refused(unmarked, 403, "no mark");
  // Lengths.
  for (const auto& [length, wanted] : std::vector<std::pair<std::string, int>>{{"", 411},
                                                                               {"-1", 411},
                                                                               {"1e3", 411},
                                                                               {"0x10", 411},
                                                                               {" 2", 411},
                                                                               {"99999999999999999999", 411},
                                                                               {"262145", 413},
                                                                               {"999999999", 413}})
    refused(
        [&] {
          auto head = good("POST", "/api/1/do/start");
          set(head, "content-length", length);
          return head;
        }(),
        wanted, "length " + length);
  auto chunked = good("POST", "/api/1/do/start");
  chunked.headers.emplace_back("transfer-encoding", "chunked");
  refused(chunked, 411, "chunked");
  // Methods, and changes by GET.
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "CONNECT", "get", "POST ", ""})
    refused(good(method, "/api/1/runs"), 405, method);
  for (const char* path : {"/api/1/do/start", "/api/1/do/shutdown", "/api/1/ask/samples", "/api/1/login"})
    refused(good("GET", path), 405, path);
  // Queries.
  for (const Pairs& query : std::vector<Pairs>{{{"id", "a"}, {"id", "b"}},
                                               {{"", "a"}},
                                               {{"i d", "a"}},
                                               {{"id", "%"}},
                                               {{"id", "%0a"}},
                                               {{"id", "%00"}},
                                               {{"id", "%c0%ae"}},
                                               {{"id", "%ff"}},
                                               {{"id", std::string(5000, 'a')}}}) {
    auto head = good("GET", "/api/1/run");
    head.query = query;
    refused(head, 400, query[0].second.substr(0, 40));
  }
  EXPECT_GE(count, 60);
}

// Each spelling of a way out of the folder, in front of each of some names.
TEST_F(StudioGuardTest, RefusesEverySpellingOfAPath) {
  const std::vector<std::string> ways = {
      "..",           "%2e%2e",       "%2E%2E", ".%2e",  "%2e.", "..%00", "..%20",
      "%252e%252e",   "..\\",         "..%5c",  "....",  ".",    "%2e",   "..;",
      "%c0%ae%c0%ae", "%uff0e%uff0e", "..%2f",  "%2f..", ".. ",  " ..",   "\xe2\x80\xa5",
      "..\t",         "..?",          "..#",    "~",     "$HOME"};
  const std::vector<std::string> forms = {"/{}/etc/passwd", "/assets/{}/{}/etc/passwd", "/assets/{}",
                                          "/api/1/{}/run", "/{}"};
  int count = 0;
  for (const auto& way : ways) {
    for (const auto& form : forms) {
      auto path = form;
      for (std::size_t at; (at = path.find("{}")) != std::string::npos;) path.replace(at, 2, way);
      EXPECT_EQ(status(good("GET", path)), 400) << path;
      ++count;
    }
  }
  for (const std::string path :
       {"", "etc/passwd", "//etc/passwd", "/assets//app.js", "/assets/", "/api/1/run/", "/\xff"})
    EXPECT_EQ(status(good("GET", path)), 400) << path;
  EXPECT_EQ(status(good("GET", std::string("/a\0b", 4))), 400);
  EXPECT_EQ(status(good("GET", "/" + std::string(300, 'a'))), 400);
  EXPECT_GE(count, 100);
}

TEST_F(StudioGuardTest, ATokenOpensOneSession) {
  const auto token = guard_.new_login();
  EXPECT_TRUE(guard_.log_in(token));
  EXPECT_FALSE(guard_.log_in(token)) << "used twice";
  EXPECT_FALSE(guard_.log_in(""));
  EXPECT_FALSE(guard_.log_in(std::string(32, 'a')));
  EXPECT_NE(guard_.new_login(), guard_.new_login());
  EXPECT_NE(Guard(kPort, false).bearer(), guard_.bearer());
}

TEST(Guards, ThatOnlyShowChangeNothing) {
  Guard guard(kPort, true);
  const auto session = guard.log_in(guard.new_login()).value();
  RequestHead head{"POST",
                   "/api/1/do/start",
                   {},
                   {{"host", "127.0.0.1:8123"},
                    {"cookie", guard.cookie_name() + "=" + session},
                    {"content-type", "application/json"},
                    {"x-belamy", "1"},
                    {"content-length", "2"}}};
  EXPECT_EQ(guard.check(head)->status, 403);
  head.path = "/api/1/ask/samples";
  EXPECT_FALSE(guard.check(head));
}

TEST(Guards, KnowTheForwardedPort) {
  Guard guard(kPort, false, 9000);
  EXPECT_FALSE(guard.check({"GET", "/", {}, {{"host", "localhost:9000"}}}));
  EXPECT_TRUE(guard.check({"GET", "/", {}, {{"host", "localhost:9001"}}}));
}

TEST(PercentDecoding, TakesTextAndNothingElse) {
  EXPECT_EQ(percent_decoded("a%20b+c"), "a b c");
  EXPECT_EQ(percent_decoded("%C3%A9"), "\xc3\xa9");
  for (const char* wrong : {"%", "%2", "%zz", "%00", "%0d%0a", "%1f", "%7f", "%c0%80", "%ed%a0%80",
                            "%f5%80%80%80", "%c3", "%e0%80%80"})
    EXPECT_FALSE(percent_decoded(wrong)) << wrong;
}

// Whatever a request consists of, it is answered; and none gets through without session, host and mark.
TEST_F(StudioGuardTest, HoldsAgainstRandomRequests) {
  Random random(11);
  const std::vector<std::string> names = {
      "host",           "origin",   "cookie",         "authorization",     "content-type",
      "content-length", "x-belamy", "sec-fetch-site", "transfer-encoding", "x"};
  const auto any = [&](std::size_t most) {
    std::string text;
    for (auto n = random.below(most + 1); n > 0; --n) text += static_cast<char>(random.below(256));
    return text;
  };
  int let_through = 0;
  for (int i = 0; i < 200'000; ++i) {
    auto head =
        good(random.below(2) ? "GET" : "POST", random.below(3) ? "/api/1/do/start" : "/api/1/" + any(20));
    for (auto changes = 1 + random.below(3); changes > 0; --changes) {
      const auto& name = names[random.below(names.size())];
      switch (random.below(4)) {
        case 0: drop(head, name); break;
        case 1: set(head, name, any(40)); break;
        case 2: head.headers.emplace_back(name, any(40)); break;
        default: {
          if (head.headers.empty()) break;
          auto& value = head.headers[random.below(head.headers.size())].second;
          if (!value.empty()) value[random.below(value.size())] = static_cast<char>(random.below(256));
        }
      }
      if (random.below(4) == 0) head.query.emplace_back(any(6), any(12));
    }
    if (guard_.check(head)) continue;
    ++let_through;
    const auto count_of = [&](const std::string& name, const std::string& value) {
      return std::count(head.headers.begin(), head.headers.end(), std::pair(name, value));
    };
    const auto hosts = std::count_if(head.headers.begin(), head.headers.end(),
                                     [](const auto& h) { return h.first == "host"; });
    ASSERT_EQ(hosts, 1);
    ASSERT_EQ(count_of("host", "127.0.0.1:8123"), 1);
    const auto cookie = std::find_if(head.headers.begin(), head.headers.end(),
                                     [](const auto& h) { return h.first == "cookie"; });
    ASSERT_TRUE(cookie != head.headers.end() && cookie->second.find(session_) != std::string::npos);
    if (head.method == "POST") {
      ASSERT_EQ(count_of("x-belamy", "1"), 1);
    }
  }
  EXPECT_GT(let_through, 100) << "the test no longer makes good requests";
}

}  // namespace
}  // namespace belamy::studio
