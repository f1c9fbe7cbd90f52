// What a request to the studio may do: rules without sockets.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace belamy::studio {

/// The head of a request. Keys and values of the query are as they were sent; names of headers are in small letters.
struct RequestHead {
  std::string method, path;  ///< the path without the query
  std::vector<std::pair<std::string, std::string>> query, headers;
};

/// Why a request is refused.
struct Refusal {
  int status = 403;
  std::string why, cure = {};
};

/// Text after percent-decoding; nothing for a wrong escape, a control character or bytes that are not UTF-8.
std::optional<std::string> percent_decoded(std::string_view text);

/// The rules, in this order:
///
/// - GET and POST only. A path consists of letters, digits, '.', '_', '-' and '/', without empty parts and parts that
///   begin with a dot; nothing is escaped.
/// - One `Host`, which is this server's. `Origin`, where there is one, is the same, and `Sec-Fetch-Site` is not of another
///   site. So pages of other origins and other names for this machine get nothing.
/// - A key of the query occurs once.
/// - Everything but the page itself needs the cookie of a session, or the token of scripts as `Authorization: Bearer`.
/// - POST needs `Content-Type: application/json` and `X-Belamy: 1`, which a form of another page cannot send, and a
///   `Content-Length` up to the limit. GET changes nothing.
/// - Paths below /api/1/do/ change something: refused if the studio is read-only.
class Guard {
 public:
  /// `forwarded`: a further port under which the browser may see the server (ssh -L); 0: none.
  Guard(int port, bool read_only, int forwarded = 0);

  std::optional<Refusal> check(const RequestHead& head) const;
  /// Bytes that the body of a request for this path may have.
  static std::size_t body_limit(std::string_view path);

  /// A token that opens one session.
  std::string new_login();
  /// Uses up a token. Returns the value of the session's cookie, or nothing.
  std::optional<std::string> log_in(const std::string& token);
  /// "belamy_8080": the name of the cookie. Cookies do not know ports, so the name does.
  std::string cookie_name() const;
  /// What scripts send as "Authorization: Bearer ...".
  const std::string& bearer() const { return bearer_; }
  bool read_only() const { return read_only_; }

 private:
  bool is_known(const RequestHead& head) const;

  const int port_, forwarded_;
  const bool read_only_;
  const std::string bearer_;
  mutable std::mutex mutex_;
  std::vector<std::string> logins_, sessions_;
};

/// 128 random bits as 32 hexadecimal digits.
std::string random_token();

}  // namespace belamy::studio
