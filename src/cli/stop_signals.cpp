#include "cli/stop_signals.h"

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <initializer_list>
#include <pthread.h>
#include <thread>
#include <unistd.h>

namespace belamy::cli {
namespace {

std::atomic<bool> noted{false}, came{false};
std::atomic<bool> keyboard_ignored{false};  // a script's background program

void take(int number) {
  if (noted) {
    came = true;
    return;
  }
  if (number == SIGINT && keyboard_ignored) return;
  std::signal(number, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, number);
  pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  std::raise(number);
}

std::uint64_t ignored_at_start = 0;  // a bit for each signal, from signal 1 on

bool was_ignored(int number) {
  return (ignored_at_start >> (number - 1) & 1) != 0;
}

// Reads which signals the program was started without, as by nohup. Libraries may change that before main: UCX,
// which LibTorch of Debian 13 brings, takes SIGHUP. So this runs before the libraries start.
void note_ignored(int, char**, char**) {
  char text[4096] = {};
  const int file = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  const auto size = ::read(file, text, sizeof text - 1);
  ::close(file);
  constexpr const char* name = "SigIgn:";
  const char* line = size > 0 ? std::strstr(text, name) : nullptr;
  if (line) ignored_at_start = std::strtoull(line + std::strlen(name), nullptr, 16);
}

[[gnu::section(".preinit_array"), gnu::used]] void (*const before_libraries)(int, char**,
                                                                             char**) = note_ignored;

}  // namespace

void watch_stop_signals() {
  sigset_t watched;
  sigemptyset(&watched);
  keyboard_ignored = was_ignored(SIGINT);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (number == SIGHUP && was_ignored(SIGHUP)) {
      std::signal(SIGHUP, SIG_IGN);
      continue;
    }
    sigaddset(&watched, number);
    std::signal(number, take);  // for threads that a library started before main
  }
  pthread_sigmask(SIG_BLOCK, &watched, nullptr);
  std::thread([watched] {
    while (true) {
      int number = 0;
      if (sigwait(&watched, &number) == 0) take(number);
    }
  }).detach();
}

StopSignals::StopSignals() {
  cli::came = false;
  noted = true;
  std::signal(SIGPIPE, SIG_IGN);
}

StopSignals::~StopSignals() {
  noted = false;
}

bool StopSignals::came() const {
  return cli::came;
}

}  // namespace belamy::cli
