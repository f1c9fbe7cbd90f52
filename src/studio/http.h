// A small HTTP server on 127.0.0.1, by libmicrohttpd. http.cpp is the only file that sees the library.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "studio/guard.h"

namespace belamy::studio {

struct Request : RequestHead {
  std::string body;

  /// The decoded value of a key of the query; empty where it is not given.
  std::string value(const std::string& key) const;
};

struct Reply {
  int status = 200;
  std::string type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< on top of those that every reply has
  /// In place of a body: the next piece of an endless reply. It may wait for up to a second; an empty piece means that
  /// there is nothing yet, none that the reply ends.
  std::function<std::optional<std::string>()> stream = {};
};

class HttpServer {
 public:
  /// Serves on 127.0.0.1:`port`, 0: any free port. `gate` sees the head of a request before its body is read; what it
  /// returns is the answer. `answer` gets the others; it is called on several threads, and an exception of it is answered
  /// as an internal error. Throws a usage error if the port is taken.
  HttpServer(int port, std::function<std::optional<Reply>(const RequestHead&)> gate,
             std::function<Reply(const Request&)> answer);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace belamy::studio
