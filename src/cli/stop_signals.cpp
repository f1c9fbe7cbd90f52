#include "cli/stop_signals.h"

#include <atomic>
#include <csignal>
#include <initializer_list>
#include <pthread.h>
#include <thread>

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

bool is_ignored(int number) {
  struct sigaction present {};
  return sigaction(number, nullptr, &present) == 0 && present.sa_handler == SIG_IGN;
}

}  // namespace

void watch_stop_signals() {
  sigset_t watched;
  sigemptyset(&watched);
  keyboard_ignored = is_ignored(SIGINT);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (number == SIGHUP && is_ignored(SIGHUP)) continue;
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
