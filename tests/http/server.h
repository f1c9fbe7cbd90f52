// A small HTTP server on a loopback port, for tests of downloads: GET only, one request a connection.
#pragma once

#include <arpa/inet.h>
#include <cstdint>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace belamy::http {

class Server {
 public:
  struct Request {
    std::string path;
    std::string range;  ///< "bytes=100-", or empty
  };

  Server() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || bind(listener_, any, size) != 0 || listen(listener_, 8) != 0 ||
        getsockname(listener_, any, &size) != 0) {
      throw std::runtime_error("no loopback socket for the test's server");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }

  ~Server() {
    stop();
    close(listener_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// From now on connections are refused.
  void stop() {
    shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }

  std::string url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

  void put(const std::string& path, std::string bytes) {
    const std::lock_guard lock(mutex_);
    files_[path] = std::move(bytes);
  }
  /// Whether Range is heeded.
  void ranges(bool on) {
    const std::lock_guard lock(mutex_);
    ranges_ = on;
  }
  /// Every answer breaks off after so many bytes of its body.
  void break_after(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    break_after_ = bytes;
  }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (int peer; (peer = accept(listener_, nullptr, nullptr)) >= 0; close(peer)) {
      std::string head;
      char buffer[4096];
      while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = recv(peer, buffer, sizeof(buffer), 0);
        if (got <= 0) break;
        head.append(buffer, static_cast<std::size_t>(got));
      }
      const std::string reply = answer(head);
      for (std::size_t sent = 0; sent < reply.size();) {
        const ssize_t count = send(peer, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
    }
  }

  std::string answer(const std::string& head) {
    const std::lock_guard lock(mutex_);
    Request request{between(head, "GET /", " "), between(head, "\r\nRange: ", "\r\n")};
    requests_.push_back(request);
    const auto file = files_.find(request.path);
    if (file == files_.end()) return reply("404 Not Found", "", "<html>no such file</html>");
    const std::string& bytes = file->second;
    if (!ranges_ || request.range.empty()) return reply("200 OK", "", bytes);
    const auto from = static_cast<std::size_t>(std::stoull(between(request.range, "bytes=", "-")));
    if (from >= bytes.size()) return reply("416 Range Not Satisfiable", "", "<html>no such range</html>");
    return reply("206 Partial Content",
                 fmt::format("Content-Range: bytes {}-{}/{}\r\n", from, bytes.size() - 1, bytes.size()),
                 bytes.substr(from));
  }

  std::string reply(const std::string& status, const std::string& header, const std::string& body) const {
    return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: {}\r\nConnection: close\r\n\r\n", status, header,
                       body.size()) +
           body.substr(0, break_after_);
  }

  static std::string between(const std::string& text, const std::string& before, const std::string& after) {
    const auto at = text.find(before);
    if (at == std::string::npos) return "";
    const auto from = at + before.size();
    return text.substr(from, text.find(after, from) - from);
  }

  int listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> files_;
  bool ranges_ = true;
  std::size_t break_after_ = std::string::npos;
  std::vector<Request> requests_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace belamy::http
