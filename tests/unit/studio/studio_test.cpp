// The studio over its socket: sessions, limits, floods; what it tells of runs; its jobs.
#include "studio/studio.h"

#include <arpa/inet.h>
#include <filesystem>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "belamy/trainer.h"

#include "core/base64.h"
#include "small_training.h"
#include "store/run_folder.h"
#include "studio/explorer.h"
#include "studio/plane.h"
#include "studio/runs.h"
#include "train/machine.h"
#include "variable.h"

namespace belamy::studio {
namespace {

using testing::HasSubstr;

// What the server answers to these bytes; sends until it no longer takes any.
std::string answer_to(int port, const std::string& bytes) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  timeval wait{5, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string reply;
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const auto n = ::send(socket, bytes.data() + sent, std::min<std::size_t>(1 << 16, bytes.size() - sent),
                            MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    char piece[4096];
    for (ssize_t n; (n = ::recv(socket, piece, sizeof piece, 0)) > 0;)
      reply.append(piece, static_cast<std::size_t>(n));
  }
  ::close(socket);
  return reply;
}

class StudioTest : public testing::Test {
 protected:
  StudioTest() : folder_(scratch("belamy-studio")) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const auto recipe = recipe_of(
        "vae", {"data.source=glyphs", "data.limit=64", "data.size=16", "train.steps=6", "train.batch=16",
                "train.threads=1", "train.sample_every=2", "model.hidden=[16]", "model.code=2"});
    train(*recipe, folder_ / "runs" / "small", false, {});
    studio_ = std::make_unique<Studio>(StudioOptions{.folders = {folder_ / "runs"}});
    port_ = studio_->port();
    const auto address = studio_->address();
    const auto reply = post("login", {{"token", address.substr(address.rfind('/') + 1)}});
    const auto at = reply.find("Set-Cookie: ");
    cookie_ = at == std::string::npos ? "" : reply.substr(at + 12, reply.find(';', at) - at - 12);
  }
  ~StudioTest() override {
    studio_.reset();
    fs::remove_all(folder_);
  }

  std::string get(const std::string& path, const std::string& more = "") const {
    return answer_to(
        port_,
        fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\nConnection: close\r\n{}\r\n",
                    path, port_, cookie_, more));
  }
  std::string post(const std::string& path, const nlohmann::json& body) const {
    const auto text = body.dump();
    return answer_to(
        port_,
        fmt::format(
            "POST /api/1/{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\nX-Belamy: 1\r\nContent-Type: "
            "application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
            path, port_, cookie_, text.size(), text));
  }
  static nlohmann::json json_of(const std::string& reply) {
    return nlohmann::json::parse(reply.substr(std::min(reply.size(), reply.find("\r\n\r\n") + 4)), nullptr,
                                 false);
  }

  fs::path folder_;
  const Variable runtime_{"XDG_RUNTIME_DIR", folder_ / "runtime"};
  std::unique_ptr<Studio> studio_;
  int port_ = 0;
  std::string cookie_;
};

TEST_F(StudioTest, ShowsRunsToAKnownBrowserOnly) {
  EXPECT_THAT(cookie_, HasSubstr(fmt::format("belamy_{}=", port_)));
  const auto runs = json_of(get("/api/1/runs"));
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs[0]["name"], "small");
  EXPECT_EQ(runs[0]["state"], "finished");
  EXPECT_EQ(runs[0]["step"], 6);
  EXPECT_EQ(runs[0]["steps"], 6);
  const std::string id = runs[0]["id"];
  const auto run = json_of(get("/api/1/run?id=" + id));
  EXPECT_EQ(run["samples"], (nlohmann::json{2, 4, 6}));
  EXPECT_THAT(get("/api/1/sample?id=" + id + "&step=4"), HasSubstr("image/png"));
  EXPECT_THAT(get("/api/1/sample?id=" + id + "&step=5"), HasSubstr("422"));
  EXPECT_THAT(get("/api/1/run?id=../../etc"), HasSubstr("422"));
  EXPECT_THAT(get("/api/1/report?id=" + id), HasSubstr("sandbox allow-scripts"));
  EXPECT_THAT(get("/api/1/nothing"), HasSubstr("404"));
  EXPECT_THAT(
      answer_to(
          port_,
          fmt::format("GET /api/1/runs HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n", port_)),
      HasSubstr(" 401 "));
  EXPECT_THAT(answer_to(port_, "GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n"),
              HasSubstr(" 403 "));
  EXPECT_THAT(get("/"), HasSubstr("Content-Security-Policy: default-src 'self'"));
}

TEST_F(StudioTest, TellsWhenARunChanges) {
  const std::string id = json_of(get("/api/1/runs"))[0]["id"];
  std::string seen;
  std::thread watcher([&] {
    seen = answer_to(
        port_,
        fmt::format(
            "GET /api/1/events?id={} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nCookie: {}\r\nConnection: close\r\n\r\n",
            id, port_, cookie_));
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  {
    auto folder = RunFolder::open(Env::real(), folder_ / "runs" / "small");
    std::this_thread::sleep_for(std::chrono::milliseconds(600));
    EXPECT_EQ(json_of(get("/api/1/runs"))[0]["state"], "running") << "a process holds the folder";
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  studio_.reset();  // ends the stream
  watcher.join();
  EXPECT_THAT(seen, HasSubstr("text/event-stream"));
  EXPECT_THAT(seen, HasSubstr("data: still"));
  EXPECT_THAT(seen, HasSubstr("data: running"));
}

// A direction of z has no meaning in w, though both have the same size.
TEST_F(StudioTest, EachSpaceHasItsOwnDirections) {
  const auto recipe =
      recipe_of("stylegan", {"data.source=glyphs", "data.limit=64", "data.size=16", "train.steps=2",
                             "train.batch=16", "train.threads=1", "model.width=4"});
  train(*recipe, folder_ / "runs" / "style", false, {});
  Runs runs({folder_ / "runs"});
  const auto id = runs.id_of(folder_ / "runs" / "style");
  const auto moved = [&](Explorer& explorer, const char* space) {
    return explorer.decoded({{"run", id}, {"seeds", {1}}, {"space", space}, {"moves", {3.0}}});
  };
  Explorer first(runs), second(runs);
  const auto w = moved(first, "w");
  EXPECT_NE(moved(second, "z"), w);
  EXPECT_EQ(moved(second, "w"), w);
}

TEST_F(StudioTest, AnswersWithTheModelsPictures) {
  const std::string id = json_of(get("/api/1/runs"))[0]["id"];
  const auto can = json_of(get("/api/1/abilities?id=" + id));
  EXPECT_EQ(can["spaces"], nlohmann::json{"z"});
  EXPECT_THAT(can["answers"].dump(), HasSubstr("reconstruct"));
  const auto one = post("ask/decoded", {{"run", id}, {"seeds", {1}}});
  EXPECT_THAT(one, HasSubstr("image/png"));
  EXPECT_EQ(one.substr(one.find("\r\n\r\n")), [&] {
    const auto again = post("ask/decoded", {{"run", id}, {"seeds", {1}}});
    return again.substr(again.find("\r\n\r\n"));
  }()) << "the same latent";
  const auto picture_of = [&](const nlohmann::json& asked) {
    const auto reply = post("ask/decoded", asked);
    return reply.substr(reply.find("\r\n\r\n"));
  };
  EXPECT_NE(picture_of({{"run", id}, {"seeds", {1}}, {"moves", {2.0}}}),
            picture_of({{"run", id}, {"seeds", {1}}}));
  EXPECT_EQ(picture_of({{"run", id}, {"seeds", {1, 2, 3, 4}}, {"x", 0}, {"y", 0}}),
            picture_of({{"run", id}, {"seeds", {1}}}));
  EXPECT_THAT(post("ask/samples", {{"run", id}, {"count", 4}}), HasSubstr("image/png"));
  EXPECT_THAT(post("ask/path", {{"run", id}, {"seeds", {1, 2}}, {"film", true}}), HasSubstr("image/webp"));
  EXPECT_THAT(post("ask/arithmetic", {{"run", id}, {"a", {1}}, {"b", {2}}, {"c", {3}}}),
              HasSubstr("image/png"));
  const auto answer = json_of(
      post("ask/picture",
           {{"run", id},
            {"what", "reconstruct"},
            {"picture",
             encode_base64(
                 RunFolder::read(Env::real(), folder_ / "runs" / "small")
                     .env()
                     .read(RunFolder::read(Env::real(), folder_ / "runs" / "small").samples()[0].second))}}));
  EXPECT_TRUE(answer.contains("picture"));
  const auto map = json_of(post("ask/map", {{"run", id}}));
  EXPECT_EQ(map["points"][0].size(), 3u);
  // Requests that make no sense get words.
  for (const auto& [path, body] : std::vector<std::pair<std::string, nlohmann::json>>{
           {"ask/decoded", {{"run", id}, {"seeds", {1, 2}}}},
           {"ask/decoded", {{"run", "nothing"}, {"seeds", {1}}}},
           {"ask/samples", {{"run", id}, {"count", 1e9}}},
           {"ask/samples", {{"run", id}, {"class", "3"}}},
           {"ask/samples", {{"run", id}, {"use", {"model.code=3"}}}},
           {"ask/picture", {{"run", id}, {"what", "reconstruct"}, {"picture", "@@@"}}},
           {"ask/picture", {{"run", id}, {"what", "translate a2b"}, {"picture", ""}}},
           {"ask/path", {{"run", id}, {"seeds", {1}}}},
           {"ask/check", {{"recipe", "/etc/passwd"}}},
           {"ask/check", {{"recipe", "gan"}, {"settings", {"model.nothing=1"}}}},
           {"ask/check", {{"recipe", "gan"}, {"settings", {"data.source=/etc"}}}},
           {"ask/check", {{"recipe", "gan"}, {"settings", {"train.commands=/etc/passwd"}}}},
           {"ask/check", {{"recipe", "stackgan"}, {"settings", {"from.text=/etc"}}}},
           {"do/start", {{"recipe", "gan"}, {"name", "../out"}, {"settings", nlohmann::json::array()}}},
           {"do/start", {{"recipe", "gan"}, {"name", "small"}, {"settings", nlohmann::json::array()}}},
           {"do/steer", {{"run", id}, {"command", "rm -rf"}}},
           {"do/steer", {{"run", id}, {"command", "stop"}}}}) {
    const auto reply = post(path, body);
    EXPECT_THAT(reply, HasSubstr(path == "ask/check" ? " 200 " : " 422 ")) << path << body;
    EXPECT_FALSE(json_of(reply)["error"].get<std::string>().empty());
  }
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(StudioTest, PlaysTheGameInThePlane) {
  EXPECT_THAT(post("ask/plane-step", {{"steps", 1}}), HasSubstr("no game has begun"));
  const auto begun = json_of(post("ask/plane-begin", {{"data", "ring"}, {"seed", 3}}));
  ASSERT_EQ(begun["samples"].size(), 256u);
  const auto judged = json_of(post("ask/plane-step", {{"who", "discriminator"}, {"steps", 5}}));
  EXPECT_EQ(judged["samples"], begun["samples"]) << "the generator must not move";
  EXPECT_NE(judged["surface"], begun["surface"]);
  const auto moved = json_of(post("ask/plane-step", {{"who", "generator"}, {"steps", 1}}));
  EXPECT_EQ(moved["surface"], judged["surface"]) << "the discriminator must not move";
  EXPECT_NE(moved["samples"], judged["samples"]);
  // The samples go where the lines point.
  double along = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    for (std::size_t k = 0; k < 2; ++k)
      along += (moved["samples"][i][k].get<double>() - judged["samples"][i][k].get<double>()) *
               judged["slopes"][i][k].get<double>();
  }
  EXPECT_GT(along, 0);
  EXPECT_THAT(post("ask/plane-step", {{"objective", "nothing"}}), HasSubstr("there is no such objective"));
  EXPECT_EQ(json_of(post("ask/plane-begin", {{"points", {{0.5, 0.5}, {-0.5, 1}}}}))["data"].size(), 2u);
}

TEST_F(StudioTest, FloodsDoNotFillTheMemory) {
  get("/");
  const std::string junk(32 << 20, 'a');
  const auto login = fmt::format(
      "POST /api/1/login HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nX-Belamy: 1\r\nContent-Type: application/json\r\n",
      port_);
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  while (many.size() < (32u << 20)) many += "X-Header-Of-No-Meaning: abcdefghijklmnopqrstuvwxyz\r\n";
  const std::vector<std::string> floods = {
      junk,                                       // no request at all
      "GET /" + junk + " HTTP/1.1\r\n\r\n",       // an endless address
      "GET / HTTP/1.1\r\nHost: x\r\nX: " + junk,  // an endless header
      many,                                       // many headers
      login + "Transfer-Encoding: chunked\r\n\r\n" + junk,
      login + "Content-Length: 200000\r\n\r\n" + junk,
  };
  // What the test itself holds is counted before.
  const auto before = resident_bytes();
  for (const auto& flood : floods) answer_to(port_, flood);
  std::vector<int> idle;
  for (int i = 0; i < 200; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
    idle.push_back(socket);
  }
  EXPECT_LT(resident_bytes(), before + (64u << 20));
  for (const int socket : idle) ::close(socket);
  std::string reply;
  for (int i = 0; i < 50 && reply.find(" 200 ") == std::string::npos; ++i) {
    reply = get("/api/1/session");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_THAT(reply, HasSubstr(" 200 ")) << "it answers again";
}

TEST_F(StudioTest, TellsItsAddressAgain) {
  const auto address = address_of_running_studio();
  EXPECT_THAT(address, HasSubstr(fmt::format("http://127.0.0.1:{}/#/login/", port_)));
  EXPECT_THAT(post("login", {{"token", address.substr(address.rfind('/') + 1)}}), HasSubstr("Set-Cookie"));
  EXPECT_THAT(post("login", {{"token", address.substr(address.rfind('/') + 1)}}), HasSubstr(" 401 "));
  const auto file = folder_ / "runtime" / "belamy" / fmt::format("studio-{}.json", port_);
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  studio_.reset();
  EXPECT_FALSE(fs::exists(file));
  EXPECT_THROW(address_of_running_studio(), Error);
}

}  // namespace
}  // namespace belamy::studio
