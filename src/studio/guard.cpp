#include "studio/guard.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <sys/random.h>

#include "belamy/error.h"

namespace belamy::studio {
namespace {

constexpr std::size_t kMostLogins = 16, kMostSessions = 16, kLongestPath = 256, kMostKeys = 32,
                      kLongestValue = 4096;
constexpr std::size_t kJsonLimit = 256 << 10, kPictureLimit = 12 << 20;  // 8 MB of a picture in base64

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

bool is_good_path(std::string_view path) {
  if (path.empty() || path.size() > kLongestPath || path[0] != '/') return false;
  if (path == "/") return true;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '/') {
      if (i + 1 == path.size() || path[i + 1] == '/' || path[i + 1] == '.') return false;
    } else if (!is_plain(path[i])) {
      return false;
    }
  }
  return true;
}

// The values of a header, one for each time that it was sent.
std::vector<std::string> values_of(const RequestHead& head, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [key, value] : head.headers) {
    if (key == name) values.push_back(value);
  }
  return values;
}

// In a time that does not depend on where the texts differ.
bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

// Whether one of the tokens is this one; looks at all of them.
bool holds(const std::vector<std::string>& tokens, std::string_view token) {
  bool found = false;
  for (const auto& each : tokens) found = equal(each, token) || found;
  return found;
}

// The values of a cookie in all headers "Cookie: a=1; b=2".
std::vector<std::string> cookies_of(const RequestHead& head, const std::string& name) {
  std::vector<std::string> values;
  for (const auto& line : values_of(head, "cookie")) {
    for (std::size_t from = 0; from < line.size();) {
      const auto end = std::min(line.find(';', from), line.size());
      auto part = line.substr(from, end - from);
      part.erase(0, part.find_first_not_of(' '));
      if (part.starts_with(name + "=")) values.push_back(part.substr(name.size() + 1));
      from = end + 1;
    }
  }
  return values;
}

std::string in_small(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string random_token() {
  unsigned char bytes[16];
  if (::getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    throw storage_error("the system gives no random bytes", "start the studio again");
  std::string text;
  for (const auto byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const auto digit = [&](std::size_t at) -> int {
        if (at >= text.size()) return -1;
        const char d = text[at];
        return d >= '0' && d <= '9'   ? d - '0'
               : d >= 'a' && d <= 'f' ? d - 'a' + 10
               : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                      : -1;
      };
      const int high = digit(i + 1), low = digit(i + 2);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    decoded += c;
  }
  // UTF-8 without the long forms of short characters.
  for (std::size_t i = 0; i < decoded.size();) {
    const auto lead = static_cast<unsigned char>(decoded[i]);
    const std::size_t more = lead < 0x80                   ? 0
                             : lead >= 0xc2 && lead < 0xe0 ? 1
                             : lead >= 0xe0 && lead < 0xf0 ? 2
                             : lead >= 0xf0 && lead < 0xf5 ? 3
                                                           : 9;
    if (more == 9 || i + more >= decoded.size()) return std::nullopt;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((static_cast<unsigned char>(decoded[i + k]) & 0xc0) != 0x80) return std::nullopt;
    }
    const auto second = more > 0 ? static_cast<unsigned char>(decoded[i + 1]) : 0;
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
        (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f))
      return std::nullopt;
    i += more + 1;
  }
  return decoded;
}

Guard::Guard(int port, bool read_only, int forwarded)
    : port_(port), forwarded_(forwarded), read_only_(read_only), bearer_(random_token()) {}

std::string Guard::cookie_name() const {
  return fmt::format("belamy_{}", port_);
}

std::size_t Guard::body_limit(std::string_view path) {
  return path.starts_with("/api/1/ask/picture") ? kPictureLimit : kJsonLimit;
}

std::string Guard::new_login() {
  const std::lock_guard lock(mutex_);
  if (logins_.size() >= kMostLogins) logins_.erase(logins_.begin());
  logins_.push_back(random_token());
  return logins_.back();
}

std::optional<std::string> Guard::log_in(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (!holds(logins_, token)) return std::nullopt;
  logins_.erase(std::remove(logins_.begin(), logins_.end(), token), logins_.end());
  if (sessions_.size() >= kMostSessions) sessions_.erase(sessions_.begin());
  sessions_.push_back(random_token());
  return sessions_.back();
}

bool Guard::is_known(const RequestHead& head) const {
  const auto sent = values_of(head, "authorization");
  if (sent.size() == 1 && sent[0].starts_with("Bearer ")) return equal(sent[0].substr(7), bearer_);
  if (!sent.empty()) return false;
  const auto cookies = cookies_of(head, cookie_name());
  const std::lock_guard lock(mutex_);
  return cookies.size() == 1 && holds(sessions_, cookies[0]);
}

std::optional<Refusal> Guard::check(const RequestHead& head) const {
  const bool posts = head.method == "POST";
  if (!posts && head.method != "GET") return Refusal{405, "only GET and POST are known"};
  if (!is_good_path(head.path)) return Refusal{400, "this is no path of the studio"};

  const auto hosts = values_of(head, "host");
  const auto is_own = [&](const std::string& host) {
    for (const int port : {port_, forwarded_}) {
      if (port > 0 &&
          (host == fmt::format("127.0.0.1:{}", port) || host == fmt::format("localhost:{}", port)))
        return true;
    }
    return false;
  };
  if (hosts.size() != 1 || !is_own(hosts[0]))
    return Refusal{403, "the request was meant for another address",
                   "open the address that the studio has printed"};
  for (const auto& origin : values_of(head, "origin")) {
    if (origin != "http://" + hosts[0])
      return Refusal{403, "the request came from a page of another address"};
  }
  for (const auto& site : values_of(head, "sec-fetch-site")) {
    if (site != "same-origin" && site != "none") return Refusal{403, "the request came from another site"};
  }

  if (head.query.size() > kMostKeys) return Refusal{400, "the query has too many parts"};
  for (std::size_t i = 0; i < head.query.size(); ++i) {
    const auto& [key, value] = head.query[i];
    if (key.empty() || !std::all_of(key.begin(), key.end(), is_plain) || value.size() > kLongestValue ||
        !percent_decoded(value))
      return Refusal{400, "a part of the query cannot be read"};
    for (std::size_t k = 0; k < i; ++k) {
      if (head.query[k].first == key) return Refusal{400, "a part of the query is given twice"};
    }
  }

  const bool page = !posts && (head.path == "/" || head.path.starts_with("/assets/"));
  const bool login = posts && head.path == "/api/1/login";
  if (!page && !login && !is_known(head))
    return Refusal{401, "the studio does not know this browser",
                   "open the address that 'belamy studio --url' prints"};
  if (!posts) {
    if (head.path.starts_with("/api/1/do/") || head.path.starts_with("/api/1/ask/") ||
        head.path == "/api/1/login")
      return Refusal{405, "this needs POST"};
    return std::nullopt;
  }

  const auto kinds = values_of(head, "content-type");
  const auto kind = kinds.size() == 1 ? in_small(kinds[0]) : std::string();
  if (kind != "application/json" && kind != "application/json; charset=utf-8" &&
      kind != "application/json;charset=utf-8")
    return Refusal{415, "the studio takes JSON"};
  if (values_of(head, "x-belamy") != std::vector<std::string>{"1"})
    return Refusal{403, "the request was not made by the studio's page"};
  if (!values_of(head, "transfer-encoding").empty())
    return Refusal{411, "the length of the request is missing"};
  const auto lengths = values_of(head, "content-length");
  if (lengths.size() != 1 || lengths[0].empty() || lengths[0].size() > 12 ||
      !std::all_of(lengths[0].begin(), lengths[0].end(), [](char c) { return c >= '0' && c <= '9'; }))
    return Refusal{411, "the length of the request is missing"};
  if (std::stoull(lengths[0]) > body_limit(head.path)) return Refusal{413, "the request is too large"};
  if (read_only_ && head.path.starts_with("/api/1/do/"))
    return Refusal{403, "this studio only shows", "start it without --read-only"};
  return std::nullopt;
}

}  // namespace belamy::studio
