#include "processes/gloo_group.h"

#if defined(USE_C10D_GLOO) && __has_include(<gloo/rendezvous/store.h>)
#define BELAMY_GLOO
#endif

#ifdef BELAMY_GLOO
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#elif __has_include(<torch/csrc/distributed/c10d/Store.hpp>)
#include <torch/csrc/distributed/c10d/Store.hpp>  // the header names it
#endif

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <future>
#include <netdb.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <thread>
#include <torch/utils.h>
#include <unistd.h>

#include "belamy/error.h"

#include "core/cores.h"
#include "core/text.h"
#include "core/version.h"
#include "processes/environment.h"

namespace belamy {

#ifdef BELAMY_GLOO
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using StorePointer = c10::intrusive_ptr<c10d::Store>;

constexpr auto kPatience = std::chrono::seconds(2);  // before the user is told who is late
constexpr const char* kGoOn =
    "resume with --resume, with all processes; it continues from the last checkpoint";

// The first line of a message of Gloo or c10d, without the place in its source code.
std::string reason_in(const std::exception& error) {
  std::string text = error.what();
  if (const auto* of_torch = dynamic_cast<const c10::Error*>(&error))
    text = of_torch->what_without_backtrace();
  text = text.substr(0, text.find('\n'));
  if (const auto place = text.find("] "); text.rfind('[', 0) == 0 && place != std::string::npos)
    text = text.substr(place + 2);
  return text;
}

std::string named(const std::vector<int>& ranks, int size) {
  return fmt::format("{} {} of {}", ranks.size() == 1 ? "process" : "processes", fmt::join(ranks, ", "),
                     size);
}

bool is_loopback(const std::string& address) {
  return address.rfind("127.", 0) == 0 || address == "::1";
}

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

// The cores that this process may use, as text: processes of one machine with the same cores share them.
std::string cores_text(int* count) {
  std::string text;
  cpu_set_t allowed;
  *count = static_cast<int>(allowed_cores());
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return text;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &allowed)) text += fmt::format("{} ", core);
  }
  return text;
}

// Runs `work` in a thread of its own, and leaves it behind when it takes too long: c10d's stores wait for ever on a
// connection that has been cut. So `work` must own what it uses.
template <class Work>
auto within(milliseconds limit, Work work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto result = task.get_future();
  std::thread(std::move(task)).detach();
  if (result.wait_for(limit) != std::future_status::ready)
    throw std::runtime_error(fmt::format("no answer within {} s", limit.count() / 1000));
  return result.get();
}

class GlooGroup final : public Group {
 public:
  GlooGroup(StorePointer store, const GlooOptions& options)
      : Group(options.rank, options.size),
        store_(std::move(store)),
        options_(options),
        patience_(options.timeout) {
    meet();
    auto gloo = c10d::ProcessGroupGloo::Options::create(options.timeout);
    gloo->threads = 1;
    try {
      gloo->devices.push_back(options.interface.empty()
                                  ? c10d::ProcessGroupGloo::createDeviceForHostname(options_.address)
                                  : c10d::ProcessGroupGloo::createDeviceForInterface(options.interface));
      gloo_ = c10::make_intrusive<c10d::ProcessGroupGloo>(
          c10::make_intrusive<c10d::PrefixStore>("gloo", store_), rank_, size_, gloo);
    } catch (const std::exception& error) {
      lose(error);
    }
    // A process that fails from here on leaves no other half connected: each gets as far as it would alone.
    exchange("");
  }

  void sum(const torch::Tensor& values) override {
    transfer(values, true, [&](std::vector<at::Tensor>& all) { gloo_->allreduce(all)->wait(); });
  }

  void broadcast(const torch::Tensor& values) override {
    transfer(values, !is_first(), [&](std::vector<at::Tensor>& all) { gloo_->broadcast(all)->wait(); });
  }

  std::vector<torch::Tensor> gather(const torch::Tensor& values) override {
    std::vector<std::vector<at::Tensor>> found;
    transfer(values, false, [&](std::vector<at::Tensor>& all) {
      if (is_first()) {
        found.emplace_back();
        for (int r = 0; r < size_; ++r) found[0].push_back(at::empty_like(all[0]));
      }
      gloo_->gather(found, all)->wait();
    });
    return found.empty() ? std::vector<torch::Tensor>() : found[0];
  }

  std::vector<std::string> exchange(const std::string& text) override {
    const auto topic = fmt::format("text/{}/", exchanges_++);
    put(topic + std::to_string(rank_), text);
    auto texts = wait_for_all(topic);
    // All have read the texts of the exchange before this one.
    if (exchanges_ > 1) forget(fmt::format("text/{}/{}", exchanges_ - 2, rank_));
    return texts;
  }

  void tell_failure(const std::string& message) noexcept override {
    try {
      put(fmt::format("failed/{}", rank_), message);
    } catch (...) {  // the others will find the connection closed
    }
  }

 private:
  void put(const std::string& key, const std::string& text) {
    try {
      within(patience_,
             [=, store = store_] { store->set(key, std::vector<std::uint8_t>(text.begin(), text.end())); });
    } catch (const std::exception& error) {
      lose(error);
    }
  }

  // Nothing if there is no such text.
  std::optional<std::string> get(const std::string& key) {
    return within(patience_, [=, store = store_]() -> std::optional<std::string> {
      if (!store->check({key})) return std::nullopt;
      const auto bytes = store->get(key);
      return std::string(bytes.begin(), bytes.end());
    });
  }

  void forget(const std::string& key) noexcept {
    try {
      within(patience_, [=, store = store_] { store->deleteKey(key); });
    } catch (...) {  // a store that cannot delete keeps a short text
    }
  }

  // The texts TOPIC0, TOPIC1, ... of all processes.
  std::vector<std::string> wait_for_all(const std::string& topic) {
    std::vector<std::string> texts(static_cast<std::size_t>(size_));
    std::vector<int> missing;
    for (int r = 0; r < size_; ++r) missing.push_back(r);
    const auto begin = Clock::now();
    std::vector<int> told;
    std::optional<Error> failure;
    for (auto pause = milliseconds(1);; pause = std::min(2 * pause, milliseconds(50))) {
      try {
        std::vector<int> still;
        for (const int r : missing) {
          if (auto text = get(topic + std::to_string(r)))
            texts[static_cast<std::size_t>(r)] = std::move(*text);
          else
            still.push_back(r);
        }
        missing = std::move(still);
      } catch (const std::exception& error) {
        lose(error);
      }
      if (missing.empty()) return texts;
      // A process may have failed after it had sent its text: so texts are read once more after its message.
      if (failure) throw *failure;
      failure = told_failure();
      const auto waited = Clock::now() - begin;
      if (waited > options_.timeout)
        throw lost_error(
            fmt::format("{} did not answer within {} s", named(missing, size_),
                        options_.timeout.count() / 1000),
            "start all processes, or train in one with --processes 1; BELAMY_PROCESS_TIMEOUT sets "
            "the seconds to wait");
      if (waited > kPatience && is_first() && told != missing && options_.say) {
        options_.say(fmt::format("waiting for {}", named(missing, size_)));
        told = missing;
      }
      std::this_thread::sleep_for(pause);
    }
  }

  // What another process has said about its end.
  std::optional<Error> told_failure() {
    for (int r = 0; r < size_; ++r) {
      std::optional<std::string> said;
      try {
        said = r == rank_ ? std::nullopt : get(fmt::format("failed/{}", r));
      } catch (const std::exception&) {  // the store has gone with process 0
        return std::nullopt;
      }
      if (said) return lost_error(fmt::format("process {} of {} has failed: {}", r, size_, *said));
    }
    return std::nullopt;
  }

  [[noreturn]] void lose(const std::exception& error) {
    if (const auto* ours = dynamic_cast<const Error*>(&error)) throw *ours;
    patience_ = std::chrono::seconds(2);
    if (const auto failure = told_failure()) throw *failure;
    throw lost_error(
        fmt::format("another process of this training has ended or cannot be reached: {}", reason_in(error)),
        kGoOn);
  }

  // Gloo works on contiguous tensors of the CPU, and knows no truth values.
  template <class F>
  void transfer(const torch::Tensor& values, bool writes, F work) {
    const torch::NoGradGuard no_grad;
    const auto begin = Clock::now();
    std::vector<at::Tensor> all = {values.detach().cpu().contiguous()};
    if (all[0].scalar_type() == at::kBool) all[0] = all[0].to(at::kByte);
    try {
      work(all);
    } catch (const std::exception& error) {
      lose(error);
    }
    if (writes && !all[0].is_same(values) && all[0].data_ptr() != values.data_ptr())
      values.detach().copy_(all[0]);
    seconds_ += std::chrono::duration<double>(Clock::now() - begin).count();
  }

  // Waits for all, and compares what must agree.
  void meet() {
    int cores = 1;
    const nlohmann::json own = {{"host", host_name()},
                                {"cores", cores_text(&cores)},
                                {"address", options_.address},
                                {"first", options_.first},
                                {"version", std::string(version()) + " " + commit()}};
    put(fmt::format("here/{}", rank_), own.dump());
    int sharing = 0;
    const auto texts = wait_for_all("here/");
    for (int r = 0; r < size_; ++r) {
      const auto other = nlohmann::json::parse(texts[static_cast<std::size_t>(r)]);
      if (other["version"] != own["version"])
        throw usage_error(
            fmt::format("process {} runs Belamy {}, but process {} runs {}", rank_,
                        own["version"].get<std::string>(), r, other["version"].get<std::string>()),
            "install the same version everywhere");
      // On many machines their own name leads to 127.0.0.1, where no other machine can connect. The processes of other
      // machines know the address by which they have reached this one.
      if (is_loopback(options_.address) && !is_loopback(other["address"].get<std::string>()))
        options_.address = other["first"].get<std::string>();
      if (other["host"] != own["host"]) continue;
      if (r < rank_) ++local_rank_;
      if (other["cores"] == own["cores"]) ++sharing;
    }
    threads_ = std::max(1, cores / std::max(1, sharing));
  }

  StorePointer store_;
  GlooOptions options_;
  milliseconds patience_;  // for an answer of the store
  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  std::int64_t exchanges_ = 0;
};

milliseconds timeout() {
  const char* given = std::getenv("BELAMY_PROCESS_TIMEOUT");
  if (!given) return std::chrono::seconds(300);
  const auto seconds = number_in<double>(given);
  if (!seconds || !(*seconds > 0 && *seconds < 1e6))
    throw usage_error(fmt::format("BELAMY_PROCESS_TIMEOUT is '{}', not a number of seconds", given));
  return milliseconds(static_cast<std::int64_t>(1000 * *seconds));
}

// Calls `use` with each address that a name leads to, until it returns true.
template <class Use>
void for_addresses(const std::string& name, int port, int kind, Use use) {
  addrinfo wanted{}, *found = nullptr;
  wanted.ai_socktype = kind;
  if (::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &wanted, &found) != 0)
    throw usage_error(fmt::format("the name '{}' of the machine of process 0 leads to no address", name),
                      "set MASTER_ADDR to its address");
  for (const auto* each = found; each; each = each->ai_next) {
    const int plug =
        ::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, each->ai_protocol);
    if (plug < 0) continue;
    const bool done = use(plug, *each);
    ::close(plug);
    if (done) break;
  }
  ::freeaddrinfo(found);
}

std::string numeric(const sockaddr* address, socklen_t length) {
  char text[NI_MAXHOST] = {};
  const int error = ::getnameinfo(address, length, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return error == 0 ? text : "";
}

// Sets the addresses of process 0 and of this machine, as process 0 sees it.
void find_addresses(const ProcessPlace& place, GlooOptions& options) {
  for_addresses(place.address, place.port, SOCK_DGRAM, [&](int plug, const addrinfo& other) {
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    auto* own = reinterpret_cast<sockaddr*>(&name);
    if (::connect(plug, other.ai_addr, other.ai_addrlen) != 0) return false;  // of UDP: sends nothing
    if (::getsockname(plug, own, &length) != 0) return false;
    options.address = numeric(own, length);
    options.first = numeric(other.ai_addr, other.ai_addrlen);
    return !options.address.empty() && !options.first.empty();
  });
}

// Whether somebody listens there.
bool answers(const std::string& address, int port) {
  bool found = false;
  for_addresses(address, port, SOCK_STREAM, [&](int plug, const addrinfo& other) {
    constexpr int patience = 1000;
    int error = 0;
    socklen_t length = sizeof error;
    pollfd wait{plug, POLLOUT, 0};
    found = ::connect(plug, other.ai_addr, other.ai_addrlen) == 0 ||
            (errno == EINPROGRESS && ::poll(&wait, 1, patience) == 1 &&
             ::getsockopt(plug, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0);
    return found;
  });
  return found;
}

// The store at which all processes meet: a server of process 0, or of the launcher.
StorePointer network_store(const ProcessPlace& place, const GlooOptions& options) {
  c10d::TCPStoreOptions store;
  store.port = static_cast<std::uint16_t>(place.port);
  store.isServer = place.rank == 0 && !place.prefix;
  store.waitWorkers = false;
  store.timeout = options.timeout;
  const auto begin = Clock::now();
  for (bool told = false; !store.isServer && !answers(place.address, place.port);) {
    const auto waited = Clock::now() - begin;
    if (waited > options.timeout)
      throw lost_error(fmt::format("process {} of {} cannot reach process 0 at {}, port {}", place.rank,
                                   place.size, place.address, place.port),
                       "start process 0, and check MASTER_ADDR, MASTER_PORT and the firewall");
    if (!told && waited > kPatience && options.say) {
      options.say(fmt::format("waiting for process 0 at {}, port {}", place.address, place.port));
      told = true;
    }
    std::this_thread::sleep_for(milliseconds(200));
  }
  try {
    auto made = within(options.timeout, [address = place.address, store]() -> StorePointer {
      return c10::make_intrusive<c10d::TCPStore>(address, store);
    });
    made->setTimeout(options.timeout);
    if (place.prefix) made = c10::make_intrusive<c10d::PrefixStore>(*place.prefix, made);
    return made;
  } catch (const std::exception& error) {
    if (store.isServer)
      throw usage_error(fmt::format("process 0 cannot listen on port {}: {}", place.port, reason_in(error)),
                        "another program uses it: set MASTER_PORT to a free port for all processes");
    throw lost_error(fmt::format("process {} of {} cannot talk to process 0 at {}, port {}: {}", place.rank,
                                 place.size, place.address, place.port, reason_in(error)),
                     "check MASTER_ADDR and MASTER_PORT, and that all processes have the same version");
  }
}

}  // namespace

std::unique_ptr<Group> gloo_group(c10::intrusive_ptr<c10d::Store> store, const GlooOptions& options) {
  return std::make_unique<GlooGroup>(std::move(store), options);
}

std::unique_ptr<Group> Group::join(const std::function<void(const std::string&)>& say) {
  const auto place = place_in([](const char* name) { return std::getenv(name); });
  if (!place) return nullptr;
  if (place->rank == 0 && place->file.empty())
    say(fmt::format("process 0 of {}, as the environment says ({})", place->size, place->launcher));
  GlooOptions options{.rank = place->rank, .size = place->size, .timeout = timeout(), .say = say};
  const char* interface = std::getenv("GLOO_SOCKET_IFNAME");
  if (interface) options.interface = interface;
  if (!place->file.empty()) {
    auto store = c10::make_intrusive<c10d::FileStore>(place->file, -1);
    store->setTimeout(options.timeout);
    return gloo_group(store, options);
  }
  find_addresses(*place, options);
  return gloo_group(network_store(*place, options), options);
}

#else

std::unique_ptr<Group> gloo_group(c10::intrusive_ptr<c10d::Store>, const GlooOptions&) {
  throw usage_error(
      "this build of Belamy cannot train in several processes: its LibTorch came without Gloo",
      "build it with a LibTorch that has Gloo, such as Debian's, and with the package libgloo-dev");
}

std::unique_ptr<Group> Group::join(const std::function<void(const std::string&)>&) {
  const auto place = place_in([](const char* name) { return std::getenv(name); });
  return place ? gloo_group({}, {}) : nullptr;
}

#endif

}  // namespace belamy
