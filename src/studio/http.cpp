#include "studio/http.h"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <cctype>
#include <cstring>
#include <fmt/format.h>
#include <microhttpd.h>
#include <netinet/in.h>

#include "belamy/error.h"

namespace belamy::studio {
namespace {

constexpr unsigned kConnections = 64, kTimeout = 20;          // seconds without a byte
constexpr std::size_t kMemory = 64 << 10, kPiece = 16 << 10;  // bytes a connection, of a stream's piece

// What the browser may do with a reply: nothing that does not come from here.
constexpr std::pair<const char*, const char*> kHeaders[] = {
    {"Content-Security-Policy",
     "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; connect-src 'self'; font-src data:; "
     "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; object-src 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

MHD_Result collect(void* into, MHD_ValueKind, const char* key, const char* value) {
  static_cast<std::vector<std::pair<std::string, std::string>>*>(into)->emplace_back(key, value ? value : "");
  return MHD_YES;
}

}  // namespace

std::string Request::value(const std::string& key) const {
  for (const auto& [name, value] : query) {
    if (name == key) return percent_decoded(value).value_or("");
  }
  return "";
}

struct HttpServer::Parts {
  std::function<std::optional<Reply>(const RequestHead&)> gate;
  std::function<Reply(const Request&)> answer;
  MHD_Daemon* daemon = nullptr;
  int port = 0;
  std::atomic<bool> stopping = false;

  // A stream's reader, owned by its response.
  struct Stream {
    Parts* server;
    std::function<std::optional<std::string>()> next;
    std::string waiting;
  };

  static ssize_t read_stream(void* self, std::uint64_t, char* into, std::size_t most) {
    auto& stream = *static_cast<Stream*>(self);
    while (stream.waiting.empty()) {
      if (stream.server->stopping) return MHD_CONTENT_READER_END_OF_STREAM;
      const auto piece = stream.next();
      if (!piece) return MHD_CONTENT_READER_END_OF_STREAM;
      stream.waiting = *piece;
    }
    const auto n = std::min(most, stream.waiting.size());
    std::memcpy(into, stream.waiting.data(), n);
    stream.waiting.erase(0, n);
    return static_cast<ssize_t>(n);
  }
  static void end_stream(void* self) { delete static_cast<Stream*>(self); }

  MHD_Result queue(MHD_Connection* connection, Reply reply) {
    MHD_Response* response = nullptr;
    if (reply.stream) {
      response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, kPiece, read_stream,
                                                   new Stream{this, std::move(reply.stream), {}}, end_stream);
    } else {
      response = MHD_create_response_from_buffer(reply.body.size(), reply.body.data(), MHD_RESPMEM_MUST_COPY);
    }
    if (!response) return MHD_NO;
    MHD_add_response_header(response, "Content-Type", reply.type.c_str());
    for (const auto& [name, value] : kHeaders) {
      const bool own = std::any_of(reply.headers.begin(), reply.headers.end(),
                                   [&](const auto& header) { return header.first == name; });
      if (!own) MHD_add_response_header(response, name, value);
    }
    for (const auto& [name, value] : reply.headers)
      MHD_add_response_header(response, name.c_str(), value.c_str());
    const auto result = MHD_queue_response(connection, static_cast<unsigned>(reply.status), response);
    MHD_destroy_response(response);
    return result;
  }

  static MHD_Result handle(void* self, MHD_Connection* connection, const char* url, const char* method,
                           const char*, const char* data, std::size_t* size, void** state) {
    auto& parts = *static_cast<Parts*>(self);
    try {
      if (!*state) {
        auto request = std::make_unique<Request>();
        request->method = method;
        request->path = url;
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, collect, &request->query);
        MHD_get_connection_values(connection, MHD_HEADER_KIND, collect, &request->headers);
        for (auto& [name, value] : request->headers)
          std::transform(name.begin(), name.end(), name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (auto refusal = parts.gate(*request)) return parts.queue(connection, std::move(*refusal));
        *state = request.release();
        return MHD_YES;
      }
      auto& request = *static_cast<Request*>(*state);
      if (*size > 0) {
        if (request.body.size() + *size > Guard::body_limit(request.path))
          return MHD_NO;  // ends the connection
        request.body.append(data, *size);
        *size = 0;
        return MHD_YES;
      }
      return parts.queue(connection, parts.answer(request));
    } catch (const std::exception&) {
      return parts.queue(connection, {.status = 500, .body = R"({"error": "internal error"})"});
    }
  }

  static void completed(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) {
    delete static_cast<Request*>(*state);
    *state = nullptr;
  }

  // Paths and queries stay as they were sent: the guard refuses what is escaped.
  static std::size_t keep(void*, MHD_Connection*, char* text) { return std::strlen(text); }
};

HttpServer::HttpServer(int port, std::function<std::optional<Reply>(const RequestHead&)> gate,
                       std::function<Reply(const Request&)> answer)
    : parts_(std::make_unique<Parts>()) {
  parts_->gate = std::move(gate);
  parts_->answer = std::move(answer);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  parts_->daemon = MHD_start_daemon(
      MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, nullptr, nullptr,
      Parts::handle, parts_.get(), MHD_OPTION_SOCK_ADDR, reinterpret_cast<sockaddr*>(&address),
      MHD_OPTION_CONNECTION_LIMIT, kConnections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMemory,
      MHD_OPTION_CONNECTION_TIMEOUT, kTimeout, MHD_OPTION_NOTIFY_COMPLETED, Parts::completed, nullptr,
      MHD_OPTION_UNESCAPE_CALLBACK, Parts::keep, nullptr, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
  if (!parts_->daemon)
    throw usage_error(fmt::format("no server can listen on 127.0.0.1:{}", port),
                      "choose another --port, or 0 for any free one");
  const auto* info = MHD_get_daemon_info(parts_->daemon, MHD_DAEMON_INFO_BIND_PORT);
  parts_->port = info ? info->port : port;
}

HttpServer::~HttpServer() {
  parts_->stopping = true;
  MHD_stop_daemon(parts_->daemon);
}

int HttpServer::port() const {
  return parts_->port;
}

}  // namespace belamy::studio
