#include "cli/launch.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "core/text.h"
#include "processes/environment.h"

namespace belamy::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kGrace =
    std::chrono::seconds(15);  // for the others after one has failed, and again after SIGTERM

// A folder that only this user can enter, for the file where the processes meet.
class MeetingFolder {
 public:
  MeetingFolder() : path_((fs::temp_directory_path() / "belamy-XXXXXX").string()) {
    if (!::mkdtemp(path_.data())) throw file_error("create", path_, errno);
  }
  ~MeetingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  MeetingFolder(const MeetingFolder&) = delete;

  std::string file() const { return path_ + "/meeting"; }

 private:
  std::string path_;
};

std::vector<std::string> own_command() {
  std::vector<std::string> words;
  const auto text = Env::real().read("/proc/self/cmdline");
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find('\0', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::vector<std::string> environment_of(std::int64_t rank, std::int64_t count, const std::string& meeting) {
  const std::vector<std::string> own = {fmt::format("RANK={}", rank), fmt::format("WORLD_SIZE={}", count),
                                        fmt::format("{}={}", kMeetingFile, meeting)};
  auto all = own;
  for (char** each = environ; *each; ++each) {
    const std::string text = *each;
    const auto name = text.substr(0, text.find('=') + 1);
    if (std::none_of(own.begin(), own.end(), [&](const auto& ours) { return ours.rfind(name, 0) == 0; }))
      all.push_back(text);
  }
  return all;
}

std::vector<char*> pointers_of(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (auto& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

pid_t start(std::int64_t rank, std::int64_t count, const std::string& meeting) {
  auto command = own_command(), environment = environment_of(rank, count, meeting);
  const auto arguments = pointers_of(command), variables = pointers_of(environment);
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0)
    throw storage_error(fmt::format("cannot start process {} of {}: {}", rank, count, std::strerror(errno)));
  if (child > 0) return child;
  // Nothing here may allocate memory: another thread may have held the allocator's lock.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(static_cast<int>(ExitCode::lost));
  ::execve("/proc/self/exe", arguments.data(), variables.data());
  ::_exit(static_cast<int>(ExitCode::internal));
}

}  // namespace

bool is_one_of_several() {
  return std::getenv(kMeetingFile) != nullptr;
}

ExitCode run_in_processes(std::int64_t count) {
  const StopSignals signals;
  const MeetingFolder folder;
  std::vector<pid_t> running;
  const auto tell_all = [&](int signal) {
    for (const auto id : running) {
      if (id > 0) ::kill(id, signal);
    }
  };
  for (std::int64_t rank = 0; rank < count; ++rank) running.push_back(start(rank, count, folder.file()));

  auto code = ExitCode::ok;
  std::optional<Clock::time_point> patience;  // when to insist that the others end
  int insists[] = {SIGTERM, SIGKILL, 0};
  int* insist = insists;
  bool stopped = false;
  for (auto left = count; left > 0;) {
    int status = 0;
    const auto ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) {
      if (!stopped && signals.came()) {
        stopped = true;
        tell_all(SIGTERM);
      }
      if (patience && *insist && Clock::now() > *patience) {
        tell_all(*insist++);
        patience = Clock::now() + kGrace;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    const auto found = std::find(running.begin(), running.end(), ended);
    if (found == running.end()) continue;
    *found = 0;
    --left;
    auto its = ExitCode::lost;
    if (WIFEXITED(status))
      its = static_cast<ExitCode>(WEXITSTATUS(status));
    else if (insist == insists)
      say_error(fmt::format("belamy: process {} of {} was ended by signal {} ({}); resume with --resume\n",
                            found - running.begin(), count, WTERMSIG(status), strsignal(WTERMSIG(status))));
    if (its == ExitCode::ok) continue;
    // What another process says of a lost one matters less than the reason of the lost one.
    if (code == ExitCode::ok || code == ExitCode::lost) code = its;
    if (!patience && its != ExitCode::interrupted) patience = Clock::now() + kGrace;
  }
  return code;
}

}  // namespace belamy::cli
