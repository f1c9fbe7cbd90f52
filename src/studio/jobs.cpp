#include "studio/jobs.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "belamy/error.h"

#include "core/env.h"
#include "core/shell.h"

extern char** environ;

namespace belamy::studio {
namespace {

constexpr std::size_t kShown = 32 << 10;  // bytes of a log that are shown

std::string command_of(const std::vector<std::string>& arguments) {
  std::string text = "belamy";
  for (const auto& argument : arguments) text += " " + shell_word(argument);
  return text;
}

}  // namespace

Jobs::Jobs(fs::path folder) : folder_(std::move(folder)) {
  Env::real().create_folders(folder_);
}

std::int64_t Jobs::start(const std::string& kind, const std::string& title,
                         const std::vector<std::string>& arguments, const fs::path& out) {
  const std::lock_guard lock(mutex_);
  Job job{static_cast<std::int64_t>(jobs_.size()) + 1, kind, title, command_of(arguments), {}, out};
  job.log = folder_ / fmt::format("job-{}.log", job.number);
  std::vector<char*> words;
  std::vector<std::string> all = {"belamy"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  for (auto& word : all) words.push_back(word.data());
  words.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, job.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0600);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);  // this program blocks Ctrl-C in its threads
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  pid_t process = 0;
  const int failed = ::posix_spawn(&process, "/proc/self/exe", &files, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) throw file_error("start", "/proc/self/exe", failed);
  jobs_.push_back(job);
  processes_.push_back(process);
  return job.number;
}

void Jobs::look() {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    int status = 0;
    if (!jobs_[i].running || ::waitpid(processes_[i], &status, WNOHANG) != processes_[i]) continue;
    jobs_[i].running = false;
    jobs_[i].code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
}

Job Jobs::find(std::int64_t number) {
  const std::lock_guard lock(mutex_);
  look();
  if (number < 1 || number > static_cast<std::int64_t>(jobs_.size()))
    throw usage_error("there is no such job");
  return jobs_[static_cast<std::size_t>(number - 1)];
}

std::vector<Job> Jobs::all() {
  const std::lock_guard lock(mutex_);
  look();
  return jobs_;
}

void Jobs::stop(std::int64_t number) {
  const auto job = find(number);
  const std::lock_guard lock(mutex_);
  if (job.running) ::kill(processes_[static_cast<std::size_t>(number - 1)], SIGINT);
}

std::string Jobs::printed(std::int64_t number) {
  const auto job = find(number);
  std::error_code code;
  if (!fs::exists(job.log, code)) return "";
  auto text = Env::real().read(job.log);
  if (text.size() > kShown) text.erase(0, text.find('\n', text.size() - kShown) + 1);
  std::string lines;
  for (std::size_t from = 0; from < text.size();) {
    const auto end = std::min(text.find('\n', from), text.size());
    auto line = text.substr(from, end - from);
    if (const auto over = line.rfind('\r'); over != std::string::npos) line.erase(0, over + 1);
    lines += line + "\n";
    from = end + 1;
  }
  return lines;
}

}  // namespace belamy::studio
